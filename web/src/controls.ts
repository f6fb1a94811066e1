// The form beside the stage: what it changes, and how it shows a state.
import type { Network } from './api';
import { isSeed, type Kind, type Light, type Limited, limits, maxSeed, type Mode, type State, type View } from './state';

export const find = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const input = (id: string) => find<HTMLInputElement>(id);
const all = (selector: string) => document.querySelectorAll<HTMLInputElement>(selector);

export interface Changes {
  set: (change: Partial<State>) => void;
  view: (change: Partial<View>) => void;
  light: (change: Partial<Light>) => void;
  step: (by: number) => void;
  random: () => void;
  reset: () => void;
}

/** A state with what stands for its predicted parts, and the size that is drawn unless one is chosen. */
export interface Shown { state: State; view: View; light: Light; automaticSize: number; networks: number }

export class Controls {
  private shown: Shown | null = null;

  constructor(networks: Network[], private readonly changes: Changes) {
    for (const [name, [low, high]] of Object.entries(limits)) Object.assign(input(name), { min: String(low), max: String(high) });
    this.listNetworks(networks);
    this.connectFace();
    this.connectViewAndLight();
    this.onRadio('what', (value) => changes.set({ what: value as Kind }));
    this.onRadio('mode', (value) => changes.set({ mode: value as Mode }));
    this.onRadio('size', (value) => changes.set({ size: Number(value) }));
    find('controls').addEventListener('submit', (event) => event.preventDefault());
  }

  show(shown: Shown): void {
    this.shown = shown;
    const { state: s, view, light } = shown;
    this.number('seed', s.seed);
    this.number('psi', s.psi, s.psi.toFixed(2).replace('-', '−'));
    input('blend-on').checked = s.blendSeed !== null;
    input('mix-on').checked = s.mixSeed !== null;
    if (s.blendSeed !== null) this.number('blend-seed', s.blendSeed);
    if (s.mixSeed !== null) this.number('mix-seed', s.mixSeed);
    find('blend-row').hidden = s.blendSeed === null;
    input('blend-seed').hidden = s.blendSeed === null;
    input('mix-seed').hidden = s.mixSeed === null;
    this.number('blend', s.blend, `${Math.round(s.blend * 100)} %`);
    const angle = (value: number) => `${Math.round(value)}°`.replace('-', '−');
    for (const name of ['yaw', 'pitch', 'roll'] as const) this.number(name, view[name], angle(view[name]));
    for (const name of ['ambient', 'diffuse'] as const) this.number(name, light[name], light[name].toFixed(2));
    this.number('light-yaw', light.yaw, angle(light.yaw));
    this.number('light-pitch', light.pitch, angle(light.pitch));
    const pad = find('light-pad');
    pad.style.setProperty('--x', `${50 + (light.yaw / limits['light-yaw'][1]) * 42}%`);
    pad.style.setProperty('--y', `${50 - (light.pitch / limits['light-pitch'][1]) * 42}%`);
    this.check('what', s.what);
    this.check('mode', s.mode);
    this.check('size', String(s.size ?? shown.automaticSize));
    find('size').hidden = s.mode === 'mesh';
    find('own-view').setAttribute('aria-pressed', String(s.view === null));
    find('own-light').setAttribute('aria-pressed', String(s.light === null));
    for (const box of all('[data-network]')) {
      box.checked = !s.hidden.includes(Number(box.dataset.network));
      box.disabled = box.checked && s.hidden.length === shown.networks - 1; // The last one stays.
    }
    find<HTMLSelectElement>('path').querySelector<HTMLOptionElement>('[value=blend]')!.disabled = s.blendSeed === null;
  }

  private number(id: string, value: number, text = ''): void {
    const field = input(id);
    if (document.activeElement !== field || field.type === 'range') field.value = String(value);
    const output = document.querySelector(`output[for="${id}"]`);
    if (output) output.textContent = text;
    if (text) field.setAttribute('aria-valuetext', text);
  }

  private check(name: string, value: string): void {
    for (const radio of all(`input[name=${name}]`)) radio.checked = radio.value === value;
  }

  private onRadio(name: string, take: (value: string) => void): void {
    for (const radio of all(`input[name=${name}]`)) radio.addEventListener('change', () => { if (radio.checked) take(radio.value); });
  }

  private onSlider(id: Limited, take: (value: number) => void): void {
    input(id).addEventListener('input', () => take(input(id).valueAsNumber));
  }

  private onSeed(id: string, take: (seed: number) => void): void {
    input(id).addEventListener('input', () => { if (isSeed(input(id).valueAsNumber)) take(input(id).valueAsNumber); });
    input(id).addEventListener('blur', () => { if (this.shown) this.show(this.shown); }); // What is no seed gives way to what is shown.
  }

  private onClick(id: string, act: () => void): void { find(id).addEventListener('click', act); }

  private connectFace(): void {
    const { set, step, random, reset } = this.changes;
    this.onSeed('seed', (seed) => set({ seed }));
    this.onClick('previous', () => step(-1));
    this.onClick('next', () => step(1));
    this.onClick('random', random);
    this.onClick('reset', reset);
    this.onSlider('psi', (psi) => set({ psi }));
    input('blend-on').addEventListener('change', () => set({ blendSeed: input('blend-on').checked ? this.other('blend-seed') : null }));
    this.onSeed('blend-seed', (blendSeed) => set({ blendSeed }));
    this.onSlider('blend', (blend) => set({ blend }));
    input('mix-on').addEventListener('change', () => set({ mixSeed: input('mix-on').checked ? this.other('mix-seed') : null }));
    this.onSeed('mix-seed', (mixSeed) => set({ mixSeed }));
  }

  /** The seed in a field, or the one after the current. */
  private other(id: string): number {
    const value = input(id).valueAsNumber;
    return isSeed(value) ? value : Math.min(maxSeed, (this.shown?.state.seed ?? 0) + 1);
  }

  private connectViewAndLight(): void {
    const { set, view, light } = this.changes;
    for (const angle of ['yaw', 'pitch', 'roll'] as const) this.onSlider(angle, (value) => view({ [angle]: value }));
    for (const strength of ['ambient', 'diffuse'] as const) this.onSlider(strength, (value) => light({ [strength]: value }));
    this.onSlider('light-yaw', (yaw) => light({ yaw }));
    this.onSlider('light-pitch', (pitch) => light({ pitch }));
    this.onClick('front', () => set({ view: { yaw: 0, pitch: 0, roll: 0 } }));
    this.onClick('own-view', () => set({ view: null }));
    this.onClick('own-light', () => set({ light: null }));
    const pad = find('light-pad'); // For the pointer; the sliders beside it say the same.
    const take = (event: PointerEvent) => {
      const box = pad.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * 2 - 1, y = ((event.clientY - box.top) / box.height) * 2 - 1;
      light({ yaw: x * limits['light-yaw'][1], pitch: -y * limits['light-pitch'][1] });
    };
    pad.addEventListener('pointerdown', (event) => { pad.setPointerCapture(event.pointerId); take(event); });
    pad.addEventListener('pointermove', (event) => { if (pad.hasPointerCapture(event.pointerId)) take(event); });
  }

  private listNetworks(networks: Network[]): void {
    find('network-fields').hidden = networks.length < 2;
    for (const network of networks) {
      const label = document.createElement('label'), box = document.createElement('input'), name = document.createElement('span');
      label.className = 'check';
      box.type = 'checkbox';
      box.dataset.network = String(network.index);
      name.textContent = network.name;
      box.addEventListener('change', () => {
        const hidden = (this.shown?.state.hidden ?? []).filter((i) => i !== network.index);
        this.changes.set({ hidden: box.checked ? hidden : [...hidden, network.index] });
      });
      label.append(box, name);
      find('networks').append(label);
    }
  }
}
