// Keys, wherever the focus is: only text fields keep them to themselves.
const stored = 'single-keys';

const isText = (target: EventTarget | null) => target instanceof HTMLTextAreaElement || (target instanceof HTMLElement && target.isContentEditable) ||
  (target instanceof HTMLInputElement && !['range', 'checkbox', 'radio', 'button'].includes(target.type));
const hasOwnArrows = (target: EventTarget | null) =>
  target instanceof HTMLSelectElement || (target instanceof HTMLInputElement && ['range', 'radio'].includes(target.type));

export interface Actions {
  move: (x: number, y: number, light: boolean) => void;
  single: Record<string, () => void>; // by lower-case character
}

/** `onOff` is the checkbox that switches keys of one character off (WCAG 2.1.4); it is remembered. */
export function connectKeys(actions: Actions, onOff: HTMLInputElement): void {
  onOff.checked = localStorage.getItem(stored) !== 'off';
  onOff.addEventListener('change', () => localStorage.setItem(stored, onOff.checked ? 'on' : 'off'));
  const arrows: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
    if (isText(event.target)) {
      if (event.key === 'Enter' || event.key === 'Escape') (event.target as HTMLElement).blur(); // Back to the keys.
      return;
    }
    const arrow = hasOwnArrows(event.target) ? undefined : arrows[event.key];
    const single = onOff.checked ? actions.single[event.key.toLowerCase()] : undefined;
    if (!arrow && !single) return;
    event.preventDefault();
    if (arrow) actions.move(arrow[0], arrow[1], event.shiftKey);
    else single!();
  });
}
