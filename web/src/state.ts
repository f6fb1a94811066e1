// What is on screen, and its form in the address.

export interface View { yaw: number; pitch: number; roll: number }
export interface Light { yaw: number; pitch: number; ambient: number; diffuse: number }

export const kinds = ['image', 'albedo', 'depth', 'normals', 'neutral', 'wire', 'teacher'] as const;
export type Kind = (typeof kinds)[number];
export const modes = ['exact', 'mesh'] as const;
export type Mode = (typeof modes)[number];
export const sizes = [0, 256, 512];

export interface State {
  readonly seed: number;
  readonly code: string | null; // a photograph's, in place of the seed's; not in the address: it goes with the session
  readonly psi: number;
  readonly blendSeed: number | null;
  readonly blend: number;
  readonly mixSeed: number | null;
  readonly view: View | null; // null: as each network predicts
  readonly light: Light | null;
  readonly what: Kind;
  readonly mode: Mode;
  readonly size: number | null; // 0: each network's own; null: its own, but not below 256
  readonly hidden: readonly number[]; // networks not shown
}

export const maxSeed = 0xffffffff;

/** What sliders reach and states stay within, so that no slider stands where the state does not. */
export const limits = {
  psi: [-1.2, 1.2], blend: [0, 1], yaw: [-90, 90], pitch: [-60, 60], roll: [-60, 60],
  'light-yaw': [-85, 85], 'light-pitch': [-85, 85], ambient: [0, 1], diffuse: [0, 2],
} as const satisfies Record<string, readonly [number, number]>;
export type Limited = keyof typeof limits;

export function defaults(): State {
  return {
    seed: 0, code: null, psi: 0.7, blendSeed: null, blend: 0.5, mixSeed: null, view: null, light: null,
    what: 'image', mode: 'exact', size: null, hidden: [],
  };
}

const clamp = (x: number, low: number, high: number) => Math.min(high, Math.max(low, x));
const within = (name: Limited, x: number) => clamp(x, limits[name][0], limits[name][1]);

/** The state with every value within its limits, and at least one of the networks (0 … count − 1) shown. */
export function validated(s: State, count: number): State {
  const hidden = [...new Set(s.hidden)].filter((index) => index < count).sort((a, b) => a - b);
  return {
    ...s,
    psi: within('psi', s.psi),
    blend: within('blend', s.blend),
    view: s.view && { yaw: within('yaw', s.view.yaw), pitch: within('pitch', s.view.pitch), roll: within('roll', s.view.roll) },
    light: s.light && {
      yaw: within('light-yaw', s.light.yaw), pitch: within('light-pitch', s.light.pitch),
      ambient: within('ambient', s.light.ambient), diffuse: within('diffuse', s.light.diffuse),
    },
    hidden: hidden.length < count ? hidden : hidden.slice(1),
  };
}

export function isSeed(value: number | undefined): value is number {
  return value !== undefined && Number.isInteger(value) && value >= 0 && value <= maxSeed;
}

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
  const list = (text ?? '').split(',').map((word) => (word.trim() === '' ? NaN : Number(word)));
  return list.length === count && list.every(Number.isFinite) ? list : null;
}

/** Anything that is not understood keeps its default. */
export function fromHash(hash: string, networks: number): State {
  const base = defaults();
  const given = new URLSearchParams(hash.replace(/^#/, ''));
  const seedOf = (list: number[] | null) => (isSeed(list?.[0]) ? list[0] : null);
  const choice = <T>(all: readonly T[], value: unknown, fallback: T | null) => all.find((known) => known === value) ?? fallback;
  const blend = numbers(given.get('blend'), 2), view = numbers(given.get('view'), 3), light = numbers(given.get('light'), 4);
  return validated({
    seed: seedOf(numbers(given.get('seed'), 1)) ?? base.seed,
    code: null,
    psi: numbers(given.get('psi'), 1)?.[0] ?? base.psi,
    blendSeed: seedOf(blend),
    blend: blend?.[1] ?? base.blend,
    mixSeed: seedOf(numbers(given.get('mix'), 1)),
    view: view && { yaw: view[0]!, pitch: view[1]!, roll: view[2]! },
    light: light && { yaw: light[0]!, pitch: light[1]!, ambient: light[2]!, diffuse: light[3]! },
    what: choice(kinds, given.get('what'), base.what)!,
    mode: choice(modes, given.get('mode'), base.mode)!,
    size: choice(sizes, numbers(given.get('size'), 1)?.[0], base.size),
    hidden: (given.get('hide') ?? '').split(',').filter((x) => /^\d{1,9}$/.test(x)).map(Number),
  }, networks);
}
