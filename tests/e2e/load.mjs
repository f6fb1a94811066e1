// Many mixed requests at once, some of them malformed: a latency table, and whether the server's memory grows.
//   node load.mjs URL [REQUESTS] [CONCURRENCY]     (scripts/viewer-load.sh starts the server and runs this)
import http from 'node:http';

const url = new URL(process.argv[2]);
const total = Number(process.argv[3] ?? 10000), concurrency = Number(process.argv[4] ?? 32);
const agent = new http.Agent({ keepAlive: true, maxSockets: concurrency });

// A small generator of our own: the same requests on every run.
let state = 12345;
const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
const pick = (list) => list[Math.floor(random() * list.length)];
const angle = () => (random() * 80 - 40).toFixed(1);

const good = [
  [55, 'render: new view or light', () => ['GET', `render?seed=${Math.floor(random() * 16)}&yaw=${angle()}&pitch=${angle()}&light_yaw=${angle()}&format=jpeg`]],
  [15, 'render: other pictures, PNG', () => ['GET', `render?seed=${Math.floor(random() * 16)}&what=${pick(['depth', 'normals', 'albedo', 'wire', 'neutral'])}&yaw=${angle()}`]],
  [8, 'render: new face', () => ['GET', `render?seed=${Math.floor(random() * 1e6)}&format=jpeg`]],
  [8, 'render: POST', () => ['POST', 'render', JSON.stringify({ seed: Math.floor(random() * 16), yaw: Number(angle()), format: 'jpeg' })]],
  [5, 'face', () => ['GET', `face?seed=${Math.floor(random() * 16)}`]],
  [4, 'mesh (GLB)', () => ['GET', `mesh?seed=${Math.floor(random() * 16)}`]],
  [5, 'networks, health, stats', () => ['GET', pick(['networks', 'health', 'stats'])]],
];
const bad = [
  () => ['POST', 'render', pick(['{', '[]', '{"seed":', '\u0000', '{"seed":{}}', 'null', '{"a":'.repeat(5000)])],
  () => ['GET', pick(['render?seed=-1', 'render?yaw=999', 'render?what=x', 'render?nothing=1', 'render?size=99999', 'mesh?network=77', 'render?seed=1&seed=2'])],
  () => ['GET', pick(['nothing', '../../etc/passwd', '%2e%2e/secret', 'render%00', 'x'.repeat(20000)])],
  () => ['POST', 'render', ' '.repeat(100000)],
  () => [pick(['DELETE', 'PUT', 'PATCH']), 'render', '{}'],
];

function ask([method, target, body]) {
  return new Promise((resolve) => {
    const start = process.hrtime.bigint();
    const end = (status) => resolve({ status, ms: Number(process.hrtime.bigint() - start) / 1e6 });
    const request = http.request({ agent, host: url.hostname, port: url.port, method, path: `/api/v1/${target}`, headers: body ? { 'content-length': Buffer.byteLength(body) } : {} }, (answer) => {
      answer.on('data', () => {});
      answer.on('end', () => end(answer.statusCode));
      answer.on('error', () => end(0));
    });
    request.on('error', () => end(0));
    request.end(body);
  });
}

const results = new Map();
const note = (kind, result) => (results.get(kind) ?? results.set(kind, []).get(kind)).push(result);
const stats = async () => (await fetch(new URL('/api/v1/stats', url))).json();
function draw() {
  if (random() < 0.1) return ['malformed', pick(bad)()];
  let at = random() * 100;
  for (const [share, kind, make] of good) if ((at -= share) < 0) return [kind, make()];
  return [good[0][1], good[0][2]()];
}
async function run(count) {
  let left = count;
  await Promise.all(Array.from({ length: concurrency }, async () => {
    while (left-- > 0) {
      const [kind, request] = draw();
      note(kind, await ask(request));
    }
  }));
}

const middle = (list) => [...list].sort((x, y) => x - y)[Math.floor(list.length / 2)];
/** One client, one request after the other: milliseconds of each. */
async function pace(count, target) {
  const times = [];
  for (let i = 0; i < count; ++i) times.push((await ask(['GET', target(i)])).ms);
  return times;
}
await pace(5, () => 'render?seed=0&format=jpeg');
const views = await pace(100, (i) => `render?seed=0&yaw=${(i % 60) - 30}&light_yaw=${(i % 40) - 20}&format=jpeg`);
const faces = await pace(11, (i) => `render?seed=${2000000 + i}&format=jpeg`);
console.log(`one client: a new view and light in ${middle(views).toFixed(1)} ms (median of 100: ${(1000 / middle(views)).toFixed(0)} frames/s), ` +
  `a new face in ${middle(faces).toFixed(0)} ms (median of 11)\n`);

await run(Math.min(2000, total)); // Fills caches and allocators before memory is read.
results.clear();
const before = await stats(), start = performance.now();
await run(total);
const seconds = (performance.now() - start) / 1000, after = await stats();

const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)].toFixed(1);
console.log('| request | count | 2xx | 4xx | 503 | other | p50 ms | p95 ms | p99 ms | max ms |\n|---|---|---|---|---|---|---|---|---|---|');
let wrong = 0;
for (const kind of [...good.map(([, name]) => name), 'malformed']) {
  const list = results.get(kind) ?? [];
  if (list.length === 0) continue;
  const count = (test) => list.filter((r) => test(r.status)).length;
  const ok = count((s) => s >= 200 && s < 300), client = count((s) => s >= 400 && s < 500), busy = count((s) => s === 503);
  const other = list.length - ok - client - busy;
  wrong += kind === 'malformed' ? list.length - client : list.length - ok - busy;
  const sorted = list.map((r) => r.ms).sort((x, y) => x - y);
  console.log(`| ${kind} | ${list.length} | ${ok} | ${client} | ${busy} | ${other} | ${at(sorted, 0.5)} | ${at(sorted, 0.95)} | ${at(sorted, 0.99)} | ${at(sorted, 1)} |`);
}
console.log(`\n${total} requests at concurrency ${concurrency} in ${seconds.toFixed(1)} s: ${(total / seconds).toFixed(0)} per second`);
console.log(`resident memory ${before.resident_mib.toFixed(0)} MiB before, ${after.resident_mib.toFixed(0)} MiB after; cache ${(after.cache.bytes / 2 ** 20).toFixed(0)} of ${(after.cache.limit_bytes / 2 ** 20).toFixed(0)} MiB`);
const cacheGrowth = (after.cache.bytes - before.cache.bytes) / 2 ** 20;
const leaked = after.resident_mib - before.resident_mib - cacheGrowth;
if (wrong > 0) console.log(`FAILED: ${wrong} answers with a status they should not have`);
// A cache that fills for the first time leaves the allocator with gaps between what stays: as much after 10,000 requests as after 40,000.
const allowed = 64 + 0.4 * Math.max(cacheGrowth, 0);
if (leaked > allowed) console.log(`FAILED: memory grew by ${leaked.toFixed(0)} MiB beyond the cache, ${allowed.toFixed(0)} are allowed`);
agent.destroy();
process.exit(wrong > 0 || leaked > allowed ? 1 : 0);
