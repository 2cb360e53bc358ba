/** Where a key is typed in, once the service has said that it wants one. */
import { byId, element } from './element.ts';
import { tell } from './messages.ts';
import { storedKey, storeKey } from './service.ts';

/** Call once. */
export function openKeyForm(): void {
  const form = byId('key-form', HTMLFormElement);
  const field = byId('key', HTMLInputElement);
  const forget = byId('key-forget', HTMLButtonElement);
  forget.hidden = storedKey() === null;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    storeKey(field.value.trim());
    field.value = '';
    form.hidden = true;
    form.querySelector('.alert')?.remove();
    forget.hidden = false;
    // Back to what was wanted; the tabs are always there.
    document.querySelector<HTMLElement>('[role=tab][aria-selected=true]')?.focus();
  });
  forget.addEventListener('click', () => {
    storeKey('');
    forget.hidden = true;
  });
}

/** The service refused a request for want of a key, or did not take the one that we have. */
export function askForKey(): void {
  const form = byId('key-form', HTMLFormElement);
  const wasRefused = storedKey() !== null;
  form.querySelector('.alert')?.remove();
  if (wasRefused) {
    form.prepend(tell(element('p', { class: 'alert', role: 'alert' }), 'errorKey'));
    storeKey('');
    byId('key-forget', HTMLButtonElement).hidden = true;
  }
  form.hidden = false;
  byId('key', HTMLInputElement).focus();
}
