// The server's API (docs/viewer.md).
import type { Light, State, View } from './state';

export interface Network { index: number; name: string; size: number; z_dim: number; lifted: boolean; fov_degrees?: number }
export interface Face { view: View; light: Light }
export type Fields = Record<string, string | number>;

let token = sessionStorage.getItem('token') ?? '';

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
}

export class ApiError extends Error {
  constructor(readonly status: number, message: string) { super(message); }
}

async function ask(path: string, fields: Fields, signal?: AbortSignal): Promise<Response> {
  const query = new URLSearchParams(Object.entries(fields).map(([k, v]) => [k, String(v)]));
  const answer = await fetch(`api/v1/${path}?${query}`, { signal: signal ?? null, headers: token ? { Authorization: `Bearer ${token}` } : {} });
  if (answer.ok) return answer;
  const text = await answer.text();
  let message = text;
  try { message = JSON.parse(text).error.message; } catch { /* not ours: keep the text */ }
  throw new ApiError(answer.status, message);
}

export async function networks(): Promise<Network[]> {
  return (await (await ask('networks', {})).json()).networks;
}

export async function face(fields: Fields): Promise<Face> {
  const { view, light } = await (await ask('face', fields)).json();
  return { view, light: { yaw: light.light_yaw, pitch: light.light_pitch, ambient: light.ambient, diffuse: light.diffuse } };
}

export async function blob(path: string, fields: Fields, signal?: AbortSignal): Promise<Blob> {
  return (await ask(path, fields, signal)).blob();
}

export function latentFields(s: State, network: number): Fields {
  const fields: Fields = { network, seed: s.seed, psi: s.psi };
  if (s.blendSeed !== null) Object.assign(fields, { blend_seed: s.blendSeed, blend: s.blend });
  if (s.mixSeed !== null) fields.mix_seed = s.mixSeed;
  return fields;
}

export function pictureFields(s: State, network: Network): Fields {
  const fields = latentFields(s, network.index);
  if (s.view) Object.assign(fields, s.view);
  if (s.light) Object.assign(fields, { light_yaw: s.light.yaw, light_pitch: s.light.pitch, ambient: s.light.ambient, diffuse: s.light.diffuse });
  fields.what = network.lifted ? s.what : 'image';
  if (s.size) fields.size = s.size;
  else if (fields.what === 'wire' && network.size < 256) fields.size = 256; // Lines need pixels.
  return fields;
}
