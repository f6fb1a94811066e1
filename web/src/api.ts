// The server's API (docs/viewer.md).
import type { Light, State, View } from './state';

export interface Network { index: number; name: string; size: number; z_dim: number; lifted: boolean; fov_degrees?: number }
export interface Catalogue { networks: Network[]; depth_colors: string }
/** depth: the nearest and farthest z of the surface, between which depth is coloured; metres, as in the mesh. */
export interface Face { view: View; light: Light; depth: { near: number; far: number } }
export type Fields = Record<string, string | number>;

/** The event of a new token. */
export const tokenGiven = 'token-given';

let token = sessionStorage.getItem('token') ?? '';
let unauthorized: (wrong: boolean) => void = () => {};

/** `act` is called when the server refuses the token, or, not `wrong`, asks for one. */
export function onUnauthorized(act: (wrong: boolean) => void): void { unauthorized = act; }

/** Takes the token out of the address, so that it is not copied along with the state. */
export function takeToken(): void {
  const given = new URLSearchParams(location.hash.replace(/^#/, ''));
  const found = given.get('token');
  if (found === null) return;
  setToken(found);
  given.delete('token');
  history.replaceState(null, '', '#' + given.toString());
}

export function setToken(value: string): void {
  token = value;
  sessionStorage.setItem('token', value);
  dispatchEvent(new Event(tokenGiven));
}

export class ApiError extends Error {
  constructor(readonly status: number, message: string) { super(message); }
}

async function ask(path: string, fields: Fields, signal?: AbortSignal): Promise<Response> {
  const query = new URLSearchParams(Object.entries(fields).map(([k, v]) => [k, String(v)]));
  return answerOf(`${path}?${query}`, { signal: signal ?? null });
}

async function answerOf(address: string, request: RequestInit): Promise<Response> {
  const sent = token;
  const answer = await fetch(`api/v1/${address}`, { ...request, headers: sent ? { Authorization: `Bearer ${sent}` } : {} });
  if (answer.ok) return answer;
  const text = await answer.text();
  let message = text;
  try { message = JSON.parse(text).error.message; } catch { /* not ours: keep the text */ }
  if (answer.status === 401 && sent === token) unauthorized(sent !== '');
  throw new ApiError(answer.status, message);
}

export async function catalogue(): Promise<Catalogue> {
  return (await ask('networks', {})).json();
}

export async function face(fields: Fields, signal?: AbortSignal): Promise<Face> {
  const { view, light, depth } = await (await ask('face', fields, signal)).json();
  return { view, light: { yaw: light.light_yaw, pitch: light.light_pitch, ambient: light.ambient, diffuse: light.diffuse }, depth };
}

export async function blob(path: string, fields: Fields, signal?: AbortSignal): Promise<Blob> {
  return (await ask(path, fields, signal)).blob();
}

export interface FacePoints { left_eye: [number, number]; right_eye: [number, number]; mouth: [number, number] }
/** Pixels of the picture as it was uploaded. */
export interface Photo { photo: string; width: number; height: number; face: FacePoints | null; why?: string }
/** errors: mean difference of the networks' pictures from the photograph, −1 … 1. */
export interface Code { code: string; steps: number; errors: number[] }

export async function upload(picture: Blob): Promise<Photo> {
  return (await answerOf('photo', { method: 'POST', body: picture })).json();
}

export async function fit(photo: string, points: FacePoints): Promise<Code> {
  const fields: Fields = { photo };
  for (const [name, [x, y]] of Object.entries(points)) Object.assign(fields, { [`${name}_x`]: x, [`${name}_y`]: y });
  return (await ask('fit', fields)).json();
}

export async function refine(code: string, steps: number): Promise<Code> {
  return (await ask('refine', { code, steps })).json();
}

/** A 2D generator cannot take another face's looks. */
export function latentFields(s: State, network: Network): Fields {
  const fields: Fields = { network: network.index, psi: s.psi, ...(s.code === null ? { seed: s.seed } : { code: s.code }) };
  if (s.blendSeed !== null) Object.assign(fields, { blend_seed: s.blendSeed, blend: s.blend });
  if (s.mixSeed !== null && network.lifted) fields.mix_seed = s.mixSeed;
  return fields;
}

const smallest = 256; // pixels that a small network is drawn at by itself

/** The side of the server's picture: small networks are drawn larger unless their own pixels are asked for. */
export function pictureSize(s: State, network: Network): number {
  const lines = s.what === 'wire' && network.lifted; // Lines need pixels.
  if (s.size === null || (s.size === 0 && lines)) return Math.max(network.size, smallest);
  return s.size === 0 ? network.size : s.size;
}

/** A 2D generator's faces can be neither turned nor relit. */
export function pictureFields(s: State, network: Network): Fields {
  const fields = latentFields(s, network);
  if (s.view && network.lifted) Object.assign(fields, s.view);
  if (s.light && network.lifted) Object.assign(fields, { light_yaw: s.light.yaw, light_pitch: s.light.pitch, ambient: s.light.ambient, diffuse: s.light.diffuse });
  fields.what = network.lifted ? s.what : 'image';
  fields.size = pictureSize(s, network);
  return fields;
}
