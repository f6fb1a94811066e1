// From a photograph to a head that turns, with the model that the program carries: found, aligned, read, refined, taken along.
//   node photograph.mjs URL OUTDIR        (scripts/viewer-e2e.sh starts the server without --network and runs this)
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { launch } from './browser.mjs';

const [url, out] = process.argv.slice(2);
fs.mkdirSync(out, { recursive: true });
const browser = await launch();
const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 }, acceptDownloads: true })).newPage();
const problems = [];
page.on('console', (message) => { if (message.type() === 'error') problems.push(message.text()); });
page.on('pageerror', (error) => problems.push(String(error)));
const step = (name) => console.log(`ok  ${name}`);
const shot = (name) => page.screenshot({ path: `${out}/${name}.png` });
const stage = page.locator('#stage figure:not([hidden]) canvas:not([hidden])').first();
const note = () => page.textContent('#photo-note');
const drawn = (what) => page.waitForFunction(
  (wanted) => [...document.querySelectorAll('#stage figure:not([hidden]) canvas:not([hidden])')].some(
    (c) => c.dataset.seed === wanted && !c.classList.contains('stale') && c.getAttribute('aria-busy') !== 'true'), what, { timeout: 60000 });
const picture = () => stage.evaluate((c) => {
  const copy = document.createElement('canvas');
  copy.width = copy.height = 64;
  copy.getContext('2d').drawImage(c, 0, 0, 64, 64);
  return [...copy.getContext('2d').getImageData(0, 0, 64, 64).data];
});
const difference = (a, b) => a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0) / a.length;
async function download(button, name) {
  const [file] = await Promise.all([page.waitForEvent('download', { timeout: 60000 }), page.click(button)]);
  await file.saveAs(`${out}/${name}`);
  return fs.readFileSync(`${out}/${name}`);
}

// ---- the photograph: a head of the model, small and tilted in a large picture ----

await page.goto(`${url}#seed=8&psi=0.7`);
await drawn('8');
const middle = { x: 470, y: 260 }, side = 280;
const base64 = await stage.evaluate((head, { middle, side }) => {
  const canvas = document.createElement('canvas');
  canvas.width = 800, canvas.height = 600;
  const context = canvas.getContext('2d'), sky = context.createLinearGradient(0, 0, 800, 600);
  sky.addColorStop(0, '#7f93a8'), sky.addColorStop(1, '#c9b79a');
  context.fillStyle = sky;
  context.fillRect(0, 0, 800, 600);
  context.translate(middle.x, middle.y);
  context.rotate(0.2);
  context.beginPath();
  context.arc(0, 0, side / 2, 0, 7);
  context.clip();
  context.drawImage(head, -side / 2, -side / 2, side, side);
  return canvas.toDataURL('image/png').split(',')[1];
}, { middle, side });
const photograph = Buffer.from(base64, 'base64');
fs.writeFileSync(`${out}/photograph.png`, photograph);

// ---- found, aligned and read at once ----

const start = Date.now();
await page.setInputFiles('#photo-file', { name: 'me.png', mimeType: 'image/png', buffer: photograph });
await drawn('photo');
const seconds = (Date.now() - start) / 1000;
const at = async (id) => page.locator(`#${id}`).evaluate((handle) => [parseFloat(handle.style.left) * 8, parseFloat(handle.style.top) * 6]);
for (const id of ['point-left_eye', 'point-right_eye', 'point-mouth']) {
  const [x, y] = await at(id);
  assert.ok(Math.hypot(x - middle.x, y - middle.y) < side / 2, `${id} is on the head: ${x}, ${y}`);
}
const [leftEye, rightEye, mouth] = [await at('point-left_eye'), await at('point-right_eye'), await at('point-mouth')];
const tilt = Math.atan2(rightEye[1] - leftEye[1], rightEye[0] - leftEye[0]);
assert.ok(Math.abs(tilt - 0.2) < 0.12, `the eyes are as the head is tilted: ${tilt}`);
assert.ok(mouth[1] > leftEye[1] + 20, 'the mouth is below the eyes');
const found = Number((await note()).match(/difference ([\d.]+)/)[1]);
assert.ok(found < 0.3, `the code is near: ${found}`);
await shot('13-read');
step(`the face is found and its head drawn after ${seconds.toFixed(1)} s (difference ${found})`);

// ---- refined ----

const read = await picture();
await page.click('#photo-refine');
await page.waitForFunction(() => /after 100 steps/.test(document.querySelector('#photo-note').textContent), undefined, { timeout: 180000 });
await drawn('photo');
const refined = Number((await note()).match(/difference ([\d.]+)/)[1]);
assert.ok(refined < 0.8 * found, `a hundred steps come nearer: ${found}, ${refined}`);
assert.ok(difference(await picture(), read) > 0.5, 'and the head shows it');
await shot('14-refined');
step(`refined from ${found} to ${refined}`);

// ---- turned, and taken along ----

const front = await picture(), box = await stage.boundingBox();
await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
await page.mouse.down();
await page.mouse.move(box.x + box.width * 0.7, box.y + box.height / 2, { steps: 8 });
await page.mouse.up();
await page.waitForTimeout(500);
await drawn('photo');
assert.ok(difference(await picture(), front) > 2, 'the head turns');
await shot('15-turned');
const codes = await download('#photo-codes', 'photo.npy');
assert.equal(codes.toString('latin1', 1, 6), 'NUMPY');
assert.match(codes.toString('latin1', 0, 128), /'shape': \(1, \d+\)/);
const glb = await download('#save-glb', 'photo.glb');
assert.equal(glb.toString('latin1', 0, 4), 'glTF');
assert.equal(glb.readUInt32LE(8), glb.length, 'the GLB is whole');
step(`turned; codes (${codes.length} bytes) and GLB (${glb.length}) taken along`);

assert.deepEqual(problems, [], 'no error in the console');
await browser.close();
