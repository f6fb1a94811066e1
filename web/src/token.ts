// The dialog that asks for the server's token, as often as the server refuses what it is given.
import { onUnauthorized, setToken } from './api';

export function askForTokens(): void {
  const dialog = document.getElementById('token-dialog') as HTMLDialogElement;
  const field = document.getElementById('token') as HTMLInputElement;
  const refused = document.getElementById('token-refused')!, again = document.getElementById('ask-token')!;
  let declined = false;
  const open = () => {
    again.hidden = true;
    field.value = '';
    if (!dialog.open) dialog.showModal();
  };
  onUnauthorized((wrong) => {
    if (dialog.open) return;
    refused.hidden = !wrong;
    again.hidden = false; // While the dialog is declined, this is the way back to it.
    if (!declined) open();
  });
  again.addEventListener('click', () => { declined = false; open(); });
  dialog.addEventListener('cancel', () => { dialog.returnValue = ''; });
  dialog.addEventListener('close', () => {
    const given = dialog.returnValue === 'continue' && field.value !== '';
    dialog.returnValue = '';
    declined = !given;
    again.hidden = given;
    if (given) setToken(field.value); // What waits for an answer asks again by itself.
  });
}
