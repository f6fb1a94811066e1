// Files of what is on screen. Each is made for the state it is named after, whatever happens to the page meanwhile.
import { blob, latentFields, pictureFields } from './api';
import type { Panel } from './panel';
import type { State } from './state';

function save(content: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

const stem = (s: State) => (s.code === null ? `seed${String(s.seed).padStart(4, '0')}` : 'photo');
const nameOf = (s: State, panel: Panel, panels: Panel[], extension: string) =>
  `${stem(s)}${panels.length > 1 ? '-' + panel.network.name : ''}.${extension}`;

/** All panels side by side, each at its own pixels (the tallest decides). */
export async function savePng(state: State, panels: Panel[]): Promise<void> {
  const pictures = await Promise.all(panels.map((panel) => panel.picture(state)));
  const side = Math.max(...pictures.map((picture) => picture.width));
  const sheet = document.createElement('canvas');
  sheet.width = side * pictures.length;
  sheet.height = side;
  const context = sheet.getContext('2d')!;
  pictures.forEach((picture, i) => context.drawImage(picture, i * side, 0, side, side));
  const content = await new Promise<Blob | null>((resolve) => sheet.toBlob(resolve, 'image/png'));
  if (!content) throw new Error('this browser cannot write a PNG');
  save(content, `${stem(state)}.png`);
}

export async function saveGlb(state: State, panels: Panel[]): Promise<void> {
  const lifted = panels.filter((panel) => panel.network.lifted);
  if (lifted.length === 0) throw new Error('a 2D generator has no mesh');
  for (const panel of lifted) {
    save(await blob('mesh', latentFields(state, panel.network)), nameOf(state, panel, lifted, 'glb'));
  }
}

/** The photograph's code for the first panel's network, as --latents takes it. */
export async function saveCodes(state: State, panels: Panel[]): Promise<void> {
  save(await blob('codes', { network: panels[0]!.network.index, code: state.code! }), 'photo.npy');
}

export async function saveVideo(state: State, panels: Panel[], path: string): Promise<void> {
  const moving = path === 'blend' ? panels : panels.filter((panel) => panel.network.lifted);
  if (moving.length === 0) throw new Error('a 2D generator can only blend');
  for (const panel of moving) {
    const fields = { ...pictureFields(state, panel.network), path, format: 'mp4', background: '1b1c1f' };
    save(await blob('video', fields), nameOf(state, panel, moving, 'mp4'));
  }
}
