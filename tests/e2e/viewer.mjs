// The viewer's page in a real browser: what a person does, and whether the pixels change as they should.
//   node viewer.mjs URL OUTDIR [faces]     (scripts/viewer-e2e.sh starts the server with two networks and runs this)
// faces: the networks are trained, so that their surfaces are smooth enough for mesh and render to be compared.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { chromium } from 'playwright-core';

const [url, out, faces] = process.argv.slice(2);
fs.mkdirSync(out, { recursive: true });

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
    '--disable-sync', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
});
const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, acceptDownloads: true });
const page = await context.newPage();
const problems = [], foreign = [];
page.on('console', (message) => { if (message.type() === 'error') problems.push(message.text()); });
page.on('pageerror', (error) => problems.push(String(error)));
page.on('request', (request) => { if (!request.url().startsWith(url) && !/^(blob|data):/.test(request.url())) foreign.push(request.url()); });

const step = (name) => console.log(`ok  ${name}`);
const shot = (name) => page.screenshot({ path: `${out}/${name}.png` });
const canvas = (index = 0) => page.locator('#stage figure:not([hidden]) canvas:not([hidden])').nth(index);

/** Waits until the page has nothing under way, then the pixels of a panel: RGBA rows. */
async function pixels(index = 0) {
  let last = '';
  for (let quiet = 0; quiet < 3;) {
    await page.waitForTimeout(250);
    const now = await canvas(index).evaluate((c) => c.toDataURL());
    quiet = now === last ? quiet + 1 : 0;
    last = now;
  }
  return canvas(index).evaluate((c) => {
    const copy = document.createElement('canvas');
    copy.width = c.width; copy.height = c.height;
    copy.getContext('2d').drawImage(c, 0, 0);
    return { side: c.width, data: [...copy.getContext('2d').getImageData(0, 0, c.width, c.height).data] };
  });
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
const hash = () => page.evaluate(() => location.hash);

await page.goto(`${url}#seed=3&hide=1`);
await page.waitForSelector('#gallery img');
const first = await pixels();
assert.ok(new Set(first.data).size > 30, 'the first face is a picture, not a plain colour');
await page.waitForFunction(() => document.querySelectorAll('#gallery img').length >= 12, undefined, { timeout: 60000 });
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
await page.click('#light-pad', { position: { x: 80, y: 46 } });
const fromRight = await pixels();
await page.click('#light-pad', { position: { x: 12, y: 46 } });
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
  await page.click(`[data-what=${what}]`);
  const picture = await pixels();
  for (const [other, known] of seen) assert.ok(difference(known, picture) > 1, `${what} differs from ${other}`);
  seen.push([what, picture]);
  if (what === 'wire') await shot('4-wire');
}
await page.click('[data-what=image]');
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

await page.fill('#seed', '3');
await page.click('#front');
await pixels();
const png = await download('#save-png', 'seed0003.png');
assert.equal(png.readUInt32BE(16), 2 * left.side, 'the PNG shows both panels');
await page.uncheck('[data-network="1"]');
const glb = await download('#save-glb', 'seed0003.glb');
assert.equal(glb.toString('latin1', 0, 4), 'glTF');
const mp4 = await download('#save-mp4', 'seed0003.mp4');
assert.equal(mp4.toString('latin1', 4, 8), 'ftyp');
step(`PNG (${png.length} bytes), GLB (${glb.length}) and MP4 (${mp4.length}) download`);

const exact = await pixels();
await page.click('[data-mode=mesh]');
await page.waitForFunction(() => document.querySelector('canvas.mesh:not([hidden])')?.dataset.triangles > 100);
const mesh = await pixels();
assert.ok(new Set(mesh.data).size > 30, 'the mesh is drawn');
await shot('6-mesh');
await drag(0.3, 0);
const meshTurned = await pixels();
assert.ok(difference(mesh, meshTurned) > 2, 'the mesh turns in the browser');
await page.click('#light-pad', { position: { x: 12, y: 46 } });
assert.ok(difference(meshTurned, await pixels()) > 0.5, 'the mesh is relit in the browser');
await shot('7-mesh-relit');
await page.click('[data-what=wire]');
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

await page.reload();
await page.waitForFunction(() => document.querySelector('canvas.mesh:not([hidden])')?.dataset.triangles > 100);
assert.match(await hash(), /mode=mesh/);
assert.equal(await page.inputValue('#seed'), '3');
step('the address holds the state');

const phone = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 });
const small = await phone.newPage();
await small.goto(`${url}#seed=3`);
await small.waitForSelector('#gallery img');
await small.waitForTimeout(1500);
assert.ok(await small.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing sticks out sideways on a phone');
await small.screenshot({ path: `${out}/9-phone.png` });
step('a phone-wide window fits');

assert.deepEqual(foreign, [], 'no request leaves the server');
assert.deepEqual(problems, [], 'no error in the console');
step('no foreign request, no error in the console');
await browser.close();
