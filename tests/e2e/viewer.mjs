// The viewer's page in a real browser: what a person does, and whether the pixels change as they should.
//   node viewer.mjs URL OUTDIR [faces]     (scripts/viewer-e2e.sh starts the server with two networks and runs this)
// faces: the networks are trained, so that their surfaces are smooth enough for mesh and render to be compared.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { launch } from './browser.mjs';

const [url, out, faces] = process.argv.slice(2);
fs.mkdirSync(out, { recursive: true });

const browser = await launch();
const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, acceptDownloads: true });
const page = await context.newPage();
const problems = [], foreign = [];
page.on('console', (message) => { if (message.type() === 'error') problems.push(message.text()); });
page.on('pageerror', (error) => problems.push(String(error)));
page.on('request', (request) => { if (!request.url().startsWith(url) && !/^(blob|data):/.test(request.url())) foreign.push(request.url()); });

const step = (name) => console.log(`ok  ${name}`);
const shot = (name) => page.screenshot({ path: `${out}/${name}.png` });
const canvas = (index = 0) => page.locator('#stage figure:not([hidden]) canvas:not([hidden])').nth(index);

/** In the page: a picture's pixels, made smaller where it is larger than `most`. */
const scaled = (picture, most) => {
  const copy = document.createElement('canvas'), scale = Math.min(1, most / picture.width);
  copy.width = copy.height = Math.round(picture.width * scale);
  const context = copy.getContext('2d');
  context.imageSmoothingQuality = 'high';
  context.drawImage(picture, 0, 0, copy.width, copy.height);
  return { own: picture.width, side: copy.width, data: [...context.getImageData(0, 0, copy.width, copy.height).data] };
};
/** Waits until the page has nothing under way, then the pixels of a panel, RGBA rows at most `most` to a side, and its own side. */
async function pixels(index = 0, most = 96) {
  let last = '';
  for (let quiet = 0; quiet < 2;) {
    await page.waitForTimeout(60);
    await page.waitForFunction(() => !document.querySelector('figure:not([hidden]) canvas:not([hidden])[aria-busy=true]'), undefined, { timeout: 60000 });
    const now = await canvas(index).evaluate((c) => c.toDataURL());
    quiet = now === last ? quiet + 1 : 0;
    last = now;
  }
  return canvas(index).evaluate(scaled, most);
}
const difference = (a, b) => {
  if (a.data.length !== b.data.length) return 255; // drawn at another size
  return a.data.reduce((sum, value, i) => sum + Math.abs(value - b.data[i]), 0) / a.data.length;
};
/** Mean brightness of the left and the right half of the middle. */
function halves(picture) {
  const sums = [0, 0], { side, data } = picture;
  for (let y = Math.floor(side * 0.3); y < side * 0.7; ++y)
    for (let x = Math.floor(side * 0.25); x < side * 0.75; ++x) sums[x < side / 2 ? 0 : 1] += data[4 * (y * side + x) + 1];
  return sums;
}
async function drag(dx, dy, options = {}) {
  const box = await canvas().boundingBox();
  const x = box.x + box.width / 2, y = box.y + box.height / 2;
  if (options.shift) await page.keyboard.down('Shift');
  await page.mouse.move(x, y);
  await page.mouse.down();
  for (let i = 1; i <= 8; ++i) await page.mouse.move(x + (dx * box.width * i) / 8, y + (dy * box.height * i) / 8);
  await page.mouse.up();
  if (options.shift) await page.keyboard.up('Shift');
}
async function download(button, name) {
  const [file] = await Promise.all([page.waitForEvent('download', { timeout: 120000 }), page.click(button)]);
  await file.saveAs(`${out}/${name}`);
  return fs.readFileSync(`${out}/${name}`);
}
/** Chooses a radio by its group and value. */
const choose = (name, value) => page.check(`input[name=${name}][value="${value}"]`);
/** The server as if it had gone: nothing under api/ gets an answer, until `back` is called. Failed loads are no problem of the page. */
async function withoutServer() {
  await page.route('**/api/**', (route) => route.abort('connectionrefused'));
  return async () => {
    await page.unroute('**/api/**');
    for (let i = problems.length - 1; i >= 0; --i) if (/ERR_CONNECTION_REFUSED/.test(problems[i])) problems.splice(i, 1);
  };
}
const note = () => page.locator('#stage figure:not([hidden]) .note').first();
const drawnSeed = () => canvas().evaluate((c) => (c.classList.contains('stale') ? `not ${c.dataset.seed}` : c.dataset.seed ?? ''));
async function until(ask, wanted, what) {
  for (let i = 0; i < 150; ++i) {
    if (await ask() === wanted) return;
    await page.waitForTimeout(100);
  }
  assert.equal(await ask(), wanted, what);
}
const hash = () => page.evaluate(() => location.hash);

await page.goto(`${url}#seed=3&hide=1,2`);
await page.waitForSelector('#gallery img');
const first = await pixels();
assert.ok(new Set(first.data).size > 30, 'the first face is a picture, not a plain colour');
await page.waitForFunction(() => document.querySelectorAll('#gallery img').length >= 12, undefined, { timeout: 60000 });
assert.equal(first.own, 256, 'a small network is drawn at 256 pixels by itself');
assert.match(await page.textContent('figcaption'), /· drawn at 256²/, 'the caption says what is drawn');
for (const id of ['save-png', 'save-glb', 'save-mp4']) {
  const box = await page.locator(`#${id}`).boundingBox();
  assert.ok(box.y >= 0 && box.y + box.height <= 900, `${id} is above the fold`);
}
await shot('1-open');
step('opens with a face and a gallery');

await drag(0.3, 0);
const turned = await pixels();
assert.ok(difference(first, turned) > 2, 'dragging changes the picture');
await page.waitForTimeout(300);
assert.match(await hash(), /view=/);
await shot('2-turned');
step(`drag turns the head (mean change ${difference(first, turned).toFixed(1)} of 255)`);

await page.click('#front');
const front = await pixels();
await page.click('#light-pad', { position: { x: 76, y: 43 } });
const fromRight = await pixels();
await page.click('#light-pad', { position: { x: 10, y: 43 } });
const fromLeft = await pixels();
const [rl, rr] = halves(fromRight), [ll, lr] = halves(fromLeft);
assert.ok(rr / rl > lr / ll, `light from the right brightens the right half: ${rl} ${rr} against ${ll} ${lr}`);
assert.ok(difference(front, fromLeft) > 1);
await shot('3-relit');
step('the light pad relights, from the side it shows');
await drag(0.25, 0, { shift: true });
assert.ok(difference(fromLeft, await pixels()) > 0.5, 'Shift + drag moves the light');
step('Shift + drag moves the light');

await page.click('#own-light');
await page.click('#own-view');
assert.ok(difference(first, await pixels()) < 0.5, 'predicted view and light bring the first picture back');
step('as predicted brings the first picture back');

await page.click('#next');
const next = await pixels();
assert.ok(difference(first, next) > 2);
await page.keyboard.press('Escape');
await page.locator('h1').click();
await page.keyboard.press(',');
assert.ok(difference(first, await pixels()) < 0.5, 'one seed on and one back');
step('seeds step on and back, by button and by key');

const seen = [];
for (const what of ['albedo', 'depth', 'normals', 'neutral', 'wire', 'teacher']) {
  await choose('what', what);
  const picture = await pixels();
  for (const [other, known] of seen) assert.ok(difference(known, picture) > 1, `${what} differs from ${other}`);
  seen.push([what, picture]);
  if (what === 'wire') await shot('4-wire');
}
await choose('what', 'image');
step('albedo, depth, normals, neutral, wireframe and 2D original are six different pictures');

await page.check('#blend-on');
await page.fill('#blend-seed', '8');
await page.locator('#blend').fill('1');
const blended = await pixels();
await page.uncheck('#blend-on');
await page.fill('#seed', '8');
assert.ok(difference(blended, await pixels()) < 0.5, 'all the way to seed 8 is seed 8');
await page.check('#mix-on');
await page.fill('#mix-seed', '3');
assert.ok(difference(blended, await pixels()) > 1, 'looks of another seed');
await page.uncheck('#mix-on');
step('blend reaches its seed, style mix changes the looks');

await page.check('[data-network="1"]');
await page.waitForSelector('#stage figure:not([hidden]) >> nth=1');
const left = await pixels(0), right = await pixels(1);
assert.ok(difference(left, right) > 1, 'two networks, two pictures');
await shot('5-compare');
step('two networks side by side');

if (await page.locator('[data-network="2"]').count() > 0) {
  await page.check('[data-network="2"]');
  await page.check('#mix-on');
  await pixels(2);
  assert.equal(await page.locator('#stage figure:not([hidden]) .note').evaluateAll((notes) => notes.map((n) => n.textContent).join('')), '',
    'a 2D generator is not asked for what it cannot do');
  await page.uncheck('#mix-on');
  await page.uncheck('[data-network="2"]');
  step('a 2D generator stands beside lifted networks');
}
await page.fill('#seed', '3');
await page.click('#front');
await pixels();
const png = await download('#save-png', 'seed0003.png');
assert.equal(png.readUInt32BE(16), 2 * left.own, 'the PNG shows both panels');
await page.uncheck('[data-network="1"]');
const glb = await download('#save-glb', 'seed0003.glb');
assert.equal(glb.toString('latin1', 0, 4), 'glTF');
const mp4 = await download('#save-mp4', 'seed0003.mp4');
assert.equal(mp4.toString('latin1', 4, 8), 'ftyp');
step(`PNG (${png.length} bytes), GLB (${glb.length}) and MP4 (${mp4.length}) download`);

const exact = await pixels();
await choose('mode', 'mesh');
await page.waitForFunction(() => document.querySelector('canvas.mesh:not([hidden])')?.dataset.triangles > 100);
const mesh = await pixels();
assert.ok(new Set(mesh.data).size > 30, 'the mesh is drawn');
await shot('6-mesh');
await drag(0.3, 0);
const meshTurned = await pixels();
assert.ok(difference(mesh, meshTurned) > 2, 'the mesh turns in the browser');
await page.click('#light-pad', { position: { x: 10, y: 43 } });
assert.ok(difference(meshTurned, await pixels()) > 0.5, 'the mesh is relit in the browser');
await shot('7-mesh-relit');
await choose('what', 'wire');
await pixels();
await shot('8-mesh-wire');
step('the WebGL mesh turns and is relit');

/** The middle of a picture at 32×32, so that pictures of different sizes can be compared. */
const middle = ({ side, data }) => {
  const cell = (side * 0.5) / 32;
  return Array.from({ length: 1024 }, (_, i) => {
    let sum = 0, n = 0;
    for (let y = Math.floor(side * 0.25 + Math.floor(i / 32) * cell); y < side * 0.25 + (Math.floor(i / 32) + 1) * cell; ++y)
      for (let x = Math.floor(side * 0.25 + (i % 32) * cell); x < side * 0.25 + ((i % 32) + 1) * cell; ++x, ++n) sum += data[4 * (y * side + x) + 1];
    return sum / n;
  });
};
if (faces) {
  const a = middle(exact), b = middle(mesh);
  const gap = a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0) / a.length;
  assert.ok(gap < 12, `mesh and exact render agree in the middle of the face: ${gap}`);
  step(`mesh and exact render agree in the middle of the face (mean difference ${gap.toFixed(1)} of 255)`);
}

// ---- never a wrong or blank face under a right name ----

await choose('what', 'image');
await page.click('#front');
await page.fill('#seed', '11');
await until(drawnSeed, '11');
const slow = async (route) => { await new Promise((resolve) => setTimeout(resolve, 700)); await route.continue().catch(() => {}); };
await page.route('**/api/v1/mesh**', slow);
await page.fill('#seed', '3');
await page.keyboard.press('Escape');
for (let i = 0; i < 3; ++i) await page.keyboard.press('m'); // Mesh, exact, mesh, exact: while the mesh loads.
await page.keyboard.press('m');
await until(drawnSeed, '3', 'the mesh comes although its first request was given up');
await page.unroute('**/api/v1/mesh**');
await page.click('#own-light');
const again = await pixels();
await page.fill('#seed', '4');
await until(drawnSeed, '4');
assert.ok(difference(again, await pixels()) > 0.5, 'another seed, another mesh');
await page.fill('#seed', '3');
await until(drawnSeed, '3');
assert.ok(difference(again, await pixels()) < 0.5, 'and the first one back');
step('switching to and fro while a mesh loads ends with that mesh');

for (const mode of ['mesh', 'exact']) {
  await choose('mode', mode);
  await page.fill('#seed', '1');
  await until(drawnSeed, '1');
  await page.waitForFunction(() => document.querySelectorAll('#gallery img').length >= 12, undefined, { timeout: 60000 });
  const one = await pixels();
  const back = await withoutServer();
  await page.fill('#seed', mode === 'mesh' ? '30' : '9');
  await page.keyboard.press('Escape');
  await until(async () => /does not answer/.test(await note().textContent()), true, 'the page says that nobody answers');
  assert.equal(await note().getAttribute('role'), 'alert');
  assert.match(await drawnSeed(), /^not /, 'the old face is marked as another');
  await page.waitForTimeout(900);
  assert.ok(Number(await canvas().evaluate((c) => getComputedStyle(c).opacity)) < 0.2, 'and cannot be taken for the new one');
  const saved = page.waitForEvent('download', { timeout: 1500 }).then(() => true, () => false);
  await page.click('#save-png');
  assert.equal(await saved, false, 'no picture is saved under the new name');
  const refusal = async () => /PNG not saved: the server does not answer/.test(await page.textContent('#problem'));
  await until(refusal, true, 'and that is said');
  await shot(`9-without-server-${mode}`);
  await back();
  await until(drawnSeed, mode === 'mesh' ? '30' : '9', 'the face comes by itself when the server is back');
  await until(() => note().textContent(), '', 'and the note goes');
  assert.ok(difference(one, await pixels()) > 0.5);
  await page.waitForFunction(() => document.querySelectorAll('#gallery img').length >= 12, undefined, { timeout: 60000 });
  step(`${mode}: no wrong face while the server is gone; face and gallery come back with it`);
}
const nine = await pixels(0, 4096);
const [file] = await Promise.all([page.waitForEvent('download'), page.click('#save-png')]);
assert.equal(file.suggestedFilename(), 'seed0009.png');
const handle = await page.evaluateHandle(async (base64) => {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  return createImageBitmap(new Blob([bytes]));
}, fs.readFileSync(await file.path()).toString('base64'));
const decoded = await handle.evaluate(scaled, 4096);
assert.ok(difference(nine, decoded) < 0.05, 'the file is the face it is named after');
await page.route('**/api/v1/render**', slow);
const [late] = await Promise.all([page.waitForEvent('download'), page.click('#save-png'), page.waitForTimeout(100).then(() => page.fill('#seed', '12'))]);
assert.equal(late.suggestedFilename(), 'seed0009.png', 'a face that changes while it is saved does not change the file');
await page.unroute('**/api/v1/render**');
step('a saved PNG is the face it is named after');

// ---- keys ----

await page.fill('#seed', '20');
await page.keyboard.press('Enter');
const seed = () => page.inputValue('#seed');
for (const focus of ['#yaw', '#psi', '#blend-on', 'input[name=what]:checked', '#path', '#save-png', '#single-keys']) {
  const before = Number(await seed());
  if (focus === '#single-keys') await page.click('summary');
  await page.focus(focus);
  await page.keyboard.press('.');
  assert.equal(Number(await seed()), before + 1, `"." steps with the focus on ${focus}`);
}
await page.focus('#seed');
await page.keyboard.press('r');
assert.equal(await seed(), '27', 'letters in a text field are its own');
await page.keyboard.press('Escape');
await page.focus('#yaw');
const yaw = Number(await page.inputValue('#yaw'));
await page.keyboard.press('ArrowRight');
assert.equal(Number(await page.inputValue('#yaw')), yaw + 0.5, 'arrows on a slider are the slider\'s');
await page.focus('input[name=what]:checked');
await page.keyboard.press('ArrowRight');
assert.equal(await page.inputValue('input[name=what]:checked'), 'albedo', 'arrows choose among radios');
await page.keyboard.press('1');
await page.uncheck('#single-keys');
await page.keyboard.press('.');
assert.equal(await seed(), '27', 'keys of one character can be switched off');
await page.check('#single-keys');
await page.fill('#seed', '-5');
await page.keyboard.press('Enter');
assert.equal(await seed(), '27', 'what is no seed gives way to the one that is shown');
step('keys act wherever the focus is, unless they are switched off');

// ---- assistive technology ----

const tree = await page.locator('body').ariaSnapshot();
for (const expected of [/radio "Exact"/, /radio "Picture" \[checked\]/, /slider "Sideways"/, /slider "Upwards"/, /group "Save"/, /group "How faces are drawn"/, /button "PNG"/, /img "tiny-1: seed 27|img ".*: seed 27/]) {
  assert.match(tree, expected);
}
assert.equal(await page.locator('[role=radio], [role=radiogroup], [role=slider]').count(), 0, 'native controls');
step('radios, sliders, groups and pictures have their names');

// ---- addresses that mean nothing ----

await page.goto(`${url}#seed=3&hide=0,1,2&psi=-1.5&view=0,80,0&light=0,0,7,7`);
await page.waitForTimeout(600);
const boxes = await page.locator('[data-network]').evaluateAll((list) => list.map((box) => box.checked));
const figures = await page.locator('#stage figure').evaluateAll((list) => list.map((figure) => !figure.hidden));
assert.deepEqual(boxes, figures, 'boxes say which networks are shown');
assert.equal(figures.filter(Boolean).length, 1);
assert.equal(await page.locator('[data-network]:checked').isDisabled(), true, 'the last network cannot be hidden');
for (const [id, value] of [['psi', '-1.2'], ['pitch', '60'], ['ambient', '1'], ['diffuse', '2']]) {
  assert.equal(await page.inputValue(`#${id}`), value, `the ${id} slider stands where the state is`);
}
assert.equal(await page.textContent('output[for=psi]'), '−1.20');
assert.match(await hash(), /psi=-1.2&/);
step('states beyond the sliders are brought within them');

// ---- one colour map ----

/** The distance of a picture's colours to the server's own table of depth colours: the mean over pixels that are no background. */
const table = (await (await fetch(`${url}api/v1/networks`)).json()).depth_colors.match(/.{6}/g).map((c) => [0, 2, 4].map((i) => parseInt(c.slice(i, i + 2), 16)));
const offTable = ({ data }) => {
  const distances = [];
  for (let i = 0; i < data.length; i += 4 * 37) {
    if (Math.abs(data[i] - 0x1b) + Math.abs(data[i + 1] - 0x1c) + Math.abs(data[i + 2] - 0x1f) < 12) continue;
    distances.push(Math.min(...table.map((c) => Math.max(...c.map((v, k) => Math.abs(v - data[i + k]))))));
  }
  distances.sort((a, b) => a - b);
  return distances[Math.floor(distances.length / 2)];
};
await page.goto(`${url}#seed=3&hide=1,2&what=depth&mode=mesh&view=0,0,0`);
await page.reload();
await until(drawnSeed, '3');
const meshDepth = await pixels(0, 4096);
assert.ok(offTable(meshDepth) <= 2, `the mesh's depth has the server's colours: ${offTable(meshDepth)}`);
if (faces) {
  await choose('mode', 'exact');
  const exactDepth = middle(await pixels()), inMesh = middle(meshDepth);
  const apart = exactDepth.reduce((sum, value, i) => sum + Math.abs(value - inMesh[i]), 0) / inMesh.length;
  assert.ok(apart < 6, `and in the same places: ${apart}`);
}
step('depth has one colour map');
await page.goto(`${url}#seed=3&mode=mesh&hide=1,2`);

await page.reload();
await page.waitForFunction(() => document.querySelector('canvas.mesh:not([hidden])')?.dataset.triangles > 100);
assert.match(await hash(), /mode=mesh/);
assert.equal(await page.inputValue('#seed'), '3');
step('the address holds the state');

// ---- a photograph ----

{
  await page.goto(`${url}#seed=3&hide=1,2`);
  await page.reload();
  await until(drawnSeed, '3');
  const seedThree = await pixels();
  await download('#save-png', 'photograph.png');
  await page.setInputFiles('#photo-file', `${out}/photograph.png`);
  const note = () => page.textContent('#photo-note');
  await page.waitForFunction(() => document.querySelector('#photo-points:not([hidden])') && !/looking/.test(document.querySelector('#photo-note').textContent));
  const mouth = page.locator('#point-mouth'), before = await mouth.boundingBox();
  await page.mouse.move(before.x + 12, before.y + 12);
  await page.mouse.down();
  await page.mouse.move(before.x + 12, before.y + 20, { steps: 4 });
  await page.mouse.up();
  await until(drawnSeed, 'photo');
  assert.ok((await mouth.boundingBox()).y > before.y + 4, 'the point went along');
  await page.waitForFunction(() => /difference/.test(document.querySelector('#photo-note').textContent));
  const found = Number((await note()).match(/difference ([\d.]+)/)[1]);
  await page.screenshot({ path: `${out}/11-photograph.png` });
  await page.click('#photo-refine');
  await page.waitForFunction(() => /after 100 steps/.test(document.querySelector('#photo-note').textContent), undefined, { timeout: 120000 });
  const refined = Number((await note()).match(/difference ([\d.]+)/)[1]);
  assert.ok(refined < found, `refining comes nearer: ${found} ${refined}`);
  const front = await pixels();
  await drag(0.2, 0);
  assert.ok(difference(await pixels(), front) > 1, 'the head turns');
  await page.screenshot({ path: `${out}/12-photograph-turned.png` });
  assert.ok((await download('#photo-codes', 'photo.npy')).subarray(1, 6).toString() === 'NUMPY', 'its code can be taken along');
  assert.ok(!/code/.test(await hash()), 'and is not in the address');
  await page.click('#photo-close');
  await until(drawnSeed, '3');
  await page.click('#own-view');
  assert.ok(difference(await pixels(), seedThree) < 1, 'seeds as before');
  await page.setInputFiles('#photo-file', { name: 'notes.txt', mimeType: 'image/png', buffer: Buffer.from('no picture') });
  await page.waitForFunction(() => /picture|PNG|image/i.test(document.querySelector('#photo-note').textContent) && !/looking/.test(document.querySelector('#photo-note').textContent));
  problems.splice(0, problems.length, ...problems.filter((text) => !/422/.test(text))); // The browser notes every refusal.
  step('a photograph becomes a head, is refined, turned and left again');
}

// ---- a token ----

const guarded = await (await browser.newContext()).newPage();
await guarded.route('**/api/**', (route) => route.request().headers().authorization === 'Bearer right' ? route.continue()
  : route.fulfill({ status: 401, contentType: 'application/json', body: '{"error":{"status":401,"message":"expected a token"}}' }));
const dialog = guarded.locator('#token-dialog');
await guarded.goto(`${url}#seed=3`);
await dialog.waitFor();
assert.equal(await guarded.isVisible('#token-refused'), false, 'nothing was wrong yet');
await guarded.fill('#token', 'wrong');
await guarded.keyboard.press('Enter');
await guarded.waitForSelector('#token-refused');
assert.match(await guarded.textContent('#token-refused'), /refused the token/);
await guarded.keyboard.press('Escape');
await dialog.waitFor({ state: 'hidden' });
await guarded.waitForTimeout(1500);
assert.equal(await dialog.isVisible(), false, 'it does not come back by itself');
assert.match(await guarded.textContent('#problem'), /expected a token/);
await guarded.click('#ask-token');
await guarded.fill('#token', 'right');
await guarded.keyboard.press('Enter');
await guarded.waitForSelector('canvas.exact[data-seed="3"]');
assert.equal(await guarded.isVisible('#ask-token'), false);
await guarded.context().close();
step('a wrong token is told so, a declined one can be given later');

const phone = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 });
const small = await phone.newPage();
await small.goto(`${url}#seed=3`);
await small.waitForSelector('#gallery img');
await small.waitForTimeout(1500);
assert.ok(await small.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing sticks out sideways on a phone');
const top = async (selector) => (await small.locator(selector).first().boundingBox()).y;
assert.ok(await top('#save-png') < 844 - 40, 'saving is above the fold');
await small.evaluate(() => scrollTo(0, document.body.scrollHeight));
await small.waitForTimeout(300);
assert.ok(await top('#stage figure:not([hidden])') >= 0, 'the stage stays in sight while its controls are used');
await small.evaluate(() => scrollTo(0, 0));
await small.screenshot({ path: `${out}/10-phone.png` });
assert.ok(await small.locator('#stage').evaluate((stage) => stage.getBoundingClientRect().height) < 0.65 * 844, 'with room for the controls');
step('a phone-wide window fits, its faces always in sight');

assert.deepEqual(foreign, [], 'no request leaves the server');
assert.deepEqual(problems, [], 'no error in the console');
step('no foreign request, no error in the console');
await browser.close();
