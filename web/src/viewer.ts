// The page of `liftedgan view`: one state, its controls, and the panels that show it.
import { ApiError, type Network, networks, setToken, takeToken } from './api';
import { saveGlb, savePng, saveVideo } from './download';
import { Gallery } from './gallery';
import { type Drag, Panel } from './panel';
import { clampLight, clampView, fromHash, type Kind, kinds, type Light, maxSeed, type Mode, type State, toHash, type View } from './state';

const find = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const input = (id: string) => find<HTMLInputElement>(id);
const dragDegrees = 110; // for the width of a panel
const startLight: Light = { yaw: 0, pitch: 0, ambient: 0.6, diffuse: 0.6 };

class Viewer {
  private state: State = fromHash(location.hash);
  private predictedView: View = { yaw: 0, pitch: 0, roll: 0 };
  private predictedLight: Light = startLight;
  private predictedFor = '';
  private panels: Panel[];
  private readonly gallery: Gallery;
  private addressTimer = 0;

  constructor(available: Network[]) {
    this.panels = available.map((network) => new Panel(network, (drag) => this.drag(drag)));
    find('stage').append(...this.panels.map((panel) => panel.element));
    this.gallery = new Gallery(find('gallery'), available[0]!, (seed) => this.set({ seed }));
    this.listNetworks(available);
    this.connectControls();
    this.connectKeys();
    addEventListener('hashchange', () => { this.state = fromHash(location.hash); this.update(); });
    addEventListener('resize', () => this.update());
    setInterval(() => this.showRate(), 500);
    this.update();
  }

  private set(change: Partial<State>): void {
    Object.assign(this.state, change);
    this.update();
  }

  private shown(): Panel[] {
    const shown = this.panels.filter((panel) => !this.state.hidden.includes(panel.network.index));
    return shown.length > 0 ? shown : this.panels.slice(0, 1);
  }

  private update(): void {
    const shown = this.shown();
    find('stage').style.setProperty('--count', String(shown.length));
    find('stage').classList.toggle('many', shown.length > 2);
    for (const panel of this.panels) {
      panel.element.hidden = !shown.includes(panel);
      if (panel.element.hidden) panel.stop();
      else panel.show(this.state);
    }
    this.gallery.show(this.state.seed, this.state.psi);
    this.predict();
    this.showControls();
    clearTimeout(this.addressTimer);
    this.addressTimer = window.setTimeout(() => history.replaceState(null, '', '#' + toHash(this.state)), 200);
  }

  /** The first lifted network's own view and light: where sliders stand and drags start. */
  private predict(): void {
    const panel = this.shown().find((p) => p.network.lifted);
    if (!panel || (this.state.view && this.state.light && this.predictedFor !== '')) return;
    const { seed, psi, blendSeed, blend, mixSeed } = this.state;
    const key = JSON.stringify([panel.network.index, seed, psi, blendSeed, blend, mixSeed]);
    if (key === this.predictedFor) return;
    this.predictedFor = key;
    panel.face(this.state).then((face) => {
      if (key !== this.predictedFor) return;
      this.predictedView = face.view;
      this.predictedLight = face.light;
      this.showControls();
    }, () => { if (key === this.predictedFor) this.predictedFor = ''; });
  }

  private view(): View { return this.state.view ?? this.predictedView; }
  private light(): Light { return this.state.light ?? this.predictedLight; }
  private setView(change: Partial<View>): void { this.set({ view: clampView({ ...this.view(), ...change }) }); }
  private setLight(change: Partial<Light>): void { this.set({ light: clampLight({ ...this.light(), ...change }) }); }

  private drag({ dx, dy, light }: Drag): void {
    const turn = (by: number) => by * dragDegrees;
    if (light) this.setLight({ yaw: this.light().yaw + turn(dx), pitch: this.light().pitch - turn(dy) });
    else this.setView({ yaw: this.view().yaw + turn(dx), pitch: this.view().pitch + turn(dy) });
  }

  private step(by: number): void { this.set({ seed: Math.min(maxSeed, Math.max(0, this.state.seed + by)) }); }
  private random(): void { this.set({ seed: Math.floor(Math.random() * 100000) }); }

  // ---- controls ----

  private connectControls(): void {
    const onNumber = (id: string, take: (value: number) => void) => input(id).addEventListener('input', () => {
      const value = input(id).valueAsNumber;
      if (Number.isFinite(value)) take(value);
    });
    const onSeed = (id: string, take: (seed: number) => void) => onNumber(id, (value) => {
      if (Number.isInteger(value) && value >= 0 && value <= maxSeed) take(value);
    });
    const onClick = (id: string, act: () => void) => find(id).addEventListener('click', act);
    onSeed('seed', (seed) => this.set({ seed }));
    onClick('previous', () => this.step(-1));
    onClick('next', () => this.step(1));
    onClick('random', () => this.random());
    onNumber('psi', (psi) => this.set({ psi }));
    input('blend-on').addEventListener('change', () => this.set({ blendSeed: input('blend-on').checked ? this.other('blend-seed') : null }));
    onSeed('blend-seed', (blendSeed) => this.set({ blendSeed }));
    onNumber('blend', (blend) => this.set({ blend }));
    input('mix-on').addEventListener('change', () => this.set({ mixSeed: input('mix-on').checked ? this.other('mix-seed') : null }));
    onSeed('mix-seed', (mixSeed) => this.set({ mixSeed }));
    for (const angle of ['yaw', 'pitch', 'roll'] as const) onNumber(angle, (value) => this.setView({ [angle]: value }));
    for (const strength of ['ambient', 'diffuse'] as const) onNumber(strength, (value) => this.setLight({ [strength]: value }));
    onClick('front', () => this.set({ view: { yaw: 0, pitch: 0, roll: 0 } }));
    onClick('own-view', () => this.predicted({ view: null }));
    onClick('own-light', () => this.predicted({ light: null }));
    for (const button of document.querySelectorAll<HTMLButtonElement>('[data-what]')) button.addEventListener('click', () => this.set({ what: button.dataset.what as Kind }));
    for (const button of document.querySelectorAll<HTMLButtonElement>('[data-mode]')) button.addEventListener('click', () => this.set({ mode: button.dataset.mode as Mode }));
    for (const button of document.querySelectorAll<HTMLButtonElement>('[data-size]')) button.addEventListener('click', () => this.set({ size: Number(button.dataset.size) }));
    onClick('save-png', () => void this.busy('save-png', () => savePng(this.state, this.shown())));
    onClick('save-glb', () => void this.busy('save-glb', () => saveGlb(this.state, this.shown())));
    onClick('save-mp4', () => void this.busy('save-mp4', () => saveVideo(this.state, this.shown(), find<HTMLSelectElement>('path').value)));
    find('controls').addEventListener('submit', (event) => event.preventDefault());
    this.connectLightPad();
  }

  /** The seed in a field, or the one after the current. */
  private other(id: string): number {
    const value = input(id).valueAsNumber;
    return Number.isInteger(value) && value >= 0 && value <= maxSeed ? value : Math.min(maxSeed, this.state.seed + 1);
  }

  private predicted(change: Partial<State>): void {
    this.predictedFor = '';
    this.set(change);
  }

  private connectLightPad(): void {
    const pad = find('light-pad');
    const take = (event: PointerEvent) => {
      const box = pad.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * 2 - 1, y = ((event.clientY - box.top) / box.height) * 2 - 1;
      this.setLight({ yaw: x * 85, pitch: -y * 85 });
    };
    pad.addEventListener('pointerdown', (event) => { pad.setPointerCapture(event.pointerId); take(event); });
    pad.addEventListener('pointermove', (event) => { if (pad.hasPointerCapture(event.pointerId)) take(event); });
  }

  private listNetworks(available: Network[]): void {
    find('network-fields').hidden = available.length < 2;
    for (const network of available) {
      const label = document.createElement('label'), box = document.createElement('input'), name = document.createElement('span');
      label.className = 'check';
      box.type = 'checkbox';
      box.dataset.network = String(network.index);
      name.textContent = network.name;
      box.addEventListener('change', () => this.set({
        hidden: box.checked ? this.state.hidden.filter((i) => i !== network.index) : [...this.state.hidden, network.index],
      }));
      label.append(box, name);
      find('networks').append(label);
    }
  }

  private showControls(): void {
    const s = this.state, view = this.view(), light = this.light();
    const number = (id: string, value: number, text: string) => {
      if (document.activeElement !== input(id) || input(id).type === 'range') input(id).value = String(value);
      const output = document.querySelector(`output[for="${id}"]`);
      if (output) output.textContent = text;
    };
    const angle = (value: number) => `${Math.round(value)}°`.replace('-', '−');
    number('seed', s.seed, '');
    number('psi', s.psi, s.psi.toFixed(2));
    input('blend-on').checked = s.blendSeed !== null;
    input('mix-on').checked = s.mixSeed !== null;
    if (s.blendSeed !== null) number('blend-seed', s.blendSeed, '');
    if (s.mixSeed !== null) number('mix-seed', s.mixSeed, '');
    find('blend-row').hidden = s.blendSeed === null;
    input('blend-seed').hidden = s.blendSeed === null;
    input('mix-seed').hidden = s.mixSeed === null;
    number('blend', s.blend, `${Math.round(s.blend * 100)} %`);
    for (const name of ['yaw', 'pitch', 'roll'] as const) number(name, view[name], angle(view[name]));
    for (const name of ['ambient', 'diffuse'] as const) number(name, light[name], light[name].toFixed(2));
    this.showLightPad(light);
    const press = (selector: string, on: (button: HTMLElement) => boolean) => {
      for (const button of document.querySelectorAll<HTMLElement>(selector)) button.setAttribute('aria-checked', String(on(button)));
    };
    press('[data-what]', (button) => button.dataset.what === s.what);
    press('[data-mode]', (button) => button.dataset.mode === s.mode);
    press('[data-size]', (button) => Number(button.dataset.size) === s.size);
    find('size-row').hidden = s.mode === 'mesh';
    find('own-view').setAttribute('aria-pressed', String(s.view === null));
    find('own-light').setAttribute('aria-pressed', String(s.light === null));
    for (const box of document.querySelectorAll<HTMLInputElement>('[data-network]')) box.checked = !s.hidden.includes(Number(box.dataset.network));
    find<HTMLSelectElement>('path').querySelector<HTMLOptionElement>('[value=blend]')!.disabled = s.blendSeed === null;
  }

  private showLightPad(light: Light): void {
    const pad = find('light-pad');
    pad.style.setProperty('--x', String(50 + (light.yaw / 85) * 42) + '%');
    pad.style.setProperty('--y', String(50 - (light.pitch / 85) * 42) + '%');
    pad.setAttribute('aria-valuenow', String(Math.round(light.yaw)));
    pad.setAttribute('aria-valuetext', `${Math.round(light.yaw)} degrees to the right, ${Math.round(light.pitch)} up`);
  }

  private showRate(): void {
    const rate = Math.max(...this.shown().map((panel) => panel.framesPerSecond()));
    if (!find('status').dataset.busy) find('status').textContent = this.state.mode === 'exact' && rate > 2 ? `${rate} frames/s` : '';
  }

  private async busy(id: string, act: () => Promise<void>): Promise<void> {
    const button = find<HTMLButtonElement>(id), status = find('status');
    button.disabled = true;
    status.dataset.busy = 'yes';
    status.textContent = `making ${button.textContent}…`;
    try {
      await act();
      status.textContent = '';
      delete status.dataset.busy;
    } catch (error) {
      status.textContent = (error as Error).message;
      setTimeout(() => { delete status.dataset.busy; }, 4000);
    } finally {
      button.disabled = false;
    }
  }

  // ---- keys ----

  private connectKeys(): void {
    addEventListener('keydown', (event) => {
      const target = event.target as HTMLElement;
      const typing = target instanceof HTMLInputElement || target instanceof HTMLSelectElement;
      if (event.ctrlKey || event.metaKey || event.altKey || typing || document.querySelector('dialog[open]')) return;
      const light = event.shiftKey || target.id === 'light-pad';
      const move = (x: number, y: number) => light
        ? this.setLight({ yaw: this.light().yaw + 5 * x, pitch: this.light().pitch - 5 * y })
        : this.setView({ yaw: this.view().yaw + 3 * x, pitch: this.view().pitch + 3 * y });
      const actions: Record<string, () => void> = {
        ArrowLeft: () => move(-1, 0), ArrowRight: () => move(1, 0), ArrowUp: () => move(0, -1), ArrowDown: () => move(0, 1),
        ',': () => this.step(-1), '.': () => this.step(1), r: () => this.random(),
        m: () => this.set({ mode: this.state.mode === 'exact' ? 'mesh' : 'exact' }),
        f: () => this.set({ view: { yaw: 0, pitch: 0, roll: 0 } }), p: () => this.predicted({ view: null }),
        s: () => find('save-png').click(),
      };
      kinds.forEach((what, i) => { actions[String(i + 1)] = () => this.set({ what }); });
      const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      if (!action) return;
      event.preventDefault();
      action();
    });
  }
}

async function start(): Promise<void> {
  takeToken();
  try {
    new Viewer(await networks());
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) {
      find('status').textContent = error instanceof ApiError ? error.message : 'the server does not answer';
      return;
    }
    const dialog = find<HTMLDialogElement>('token-dialog');
    dialog.addEventListener('close', () => { setToken(input('token').value); void start(); }, { once: true });
    dialog.showModal();
  }
}

void start();
