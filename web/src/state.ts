// What is on screen, and its form in the address.

export interface View { yaw: number; pitch: number; roll: number }
export interface Light { yaw: number; pitch: number; ambient: number; diffuse: number }

export const kinds = ['image', 'albedo', 'depth', 'normals', 'neutral', 'wire', 'teacher'] as const;
export type Kind = (typeof kinds)[number];
export type Mode = 'exact' | 'mesh';

export interface State {
  seed: number;
  psi: number;
  blendSeed: number | null;
  blend: number;
  mixSeed: number | null;
  view: View | null; // null: as each network predicts
  light: Light | null;
  what: Kind;
  mode: Mode;
  size: number; // 0: each network's own
  hidden: number[]; // networks not shown
}

export const maxSeed = 0xffffffff;

export function defaults(): State {
  return {
    seed: 0, psi: 0.7, blendSeed: null, blend: 0.5, mixSeed: null, view: null, light: null,
    what: 'image', mode: 'exact', size: 0, hidden: [],
  };
}

export const clamp = (x: number, low: number, high: number) => Math.min(high, Math.max(low, x));
const short = (x: number) => String(Math.round(x * 100) / 100);

/** Only what differs from the defaults is written. */
export function toHash(s: State): string {
  const base = defaults();
  const out = new URLSearchParams();
  if (s.seed !== base.seed) out.set('seed', String(s.seed));
  if (s.psi !== base.psi) out.set('psi', short(s.psi));
  if (s.blendSeed !== null) out.set('blend', `${s.blendSeed},${short(s.blend)}`);
  if (s.mixSeed !== null) out.set('mix', String(s.mixSeed));
  if (s.view) out.set('view', [s.view.yaw, s.view.pitch, s.view.roll].map(short).join(','));
  if (s.light) out.set('light', [s.light.yaw, s.light.pitch, s.light.ambient, s.light.diffuse].map(short).join(','));
  if (s.what !== base.what) out.set('what', s.what);
  if (s.mode !== base.mode) out.set('mode', s.mode);
  if (s.size !== base.size) out.set('size', String(s.size));
  if (s.hidden.length > 0) out.set('hide', s.hidden.join(','));
  return out.toString().replace(/%2C/g, ',');
}

/** Numbers of a list, or null unless there are exactly `count` finite ones. */
function numbers(text: string | null, count: number): number[] | null {
  const list = (text ?? '').split(',').map(Number);
  return text !== null && text !== '' && list.length === count && list.every(Number.isFinite) ? list : null;
}

function seedOf(value: number | undefined): number | null {
  return value !== undefined && Number.isInteger(value) && value >= 0 && value <= maxSeed ? value : null;
}

/** Anything that is not understood keeps its default. */
export function fromHash(hash: string): State {
  const state = defaults();
  const given = new URLSearchParams(hash.replace(/^#/, ''));
  state.seed = seedOf(numbers(given.get('seed'), 1)?.[0]) ?? state.seed;
  state.psi = clamp(numbers(given.get('psi'), 1)?.[0] ?? state.psi, -2, 2);
  const blend = numbers(given.get('blend'), 2);
  state.blendSeed = seedOf(blend?.[0]);
  state.blend = clamp(blend?.[1] ?? state.blend, 0, 1);
  state.mixSeed = seedOf(numbers(given.get('mix'), 1)?.[0]);
  const view = numbers(given.get('view'), 3);
  if (view) state.view = clampView({ yaw: view[0]!, pitch: view[1]!, roll: view[2]! });
  const light = numbers(given.get('light'), 4);
  if (light) state.light = clampLight({ yaw: light[0]!, pitch: light[1]!, ambient: light[2]!, diffuse: light[3]! });
  const what = given.get('what') as Kind;
  if (kinds.includes(what)) state.what = what;
  if (given.get('mode') === 'mesh') state.mode = 'mesh';
  const size = Number(given.get('size') ?? 0);
  if ([256, 512].includes(size)) state.size = size;
  state.hidden = (given.get('hide') ?? '').split(',').filter((x) => /^\d+$/.test(x)).map(Number);
  return state;
}

export function clampView(v: View): View {
  return { yaw: clamp(v.yaw, -90, 90), pitch: clamp(v.pitch, -90, 90), roll: clamp(v.roll, -90, 90) };
}

export function clampLight(l: Light): Light {
  return { yaw: clamp(l.yaw, -85, 85), pitch: clamp(l.pitch, -85, 85), ambient: clamp(l.ambient, 0, 1), diffuse: clamp(l.diffuse, 0, 2) };
}
