/** What went wrong, said where it happened and until it is put away. */
import { element } from './element.ts';
import { askForKey } from './key-form.ts';
import type { MessageKey, Values } from './messages/catalogue.ts';
import { tell } from './messages.ts';
import { ServiceError } from './service.ts';

export function showAlert(place: HTMLElement, key: MessageKey, values: Values = {}): void {
  const text = tell(element('span'), key, values);
  const dismiss = tell(element('button', { type: 'button', class: 'quiet' }), 'dismiss');
  dismiss.addEventListener('click', () => place.replaceChildren());
  place.replaceChildren(element('div', { class: 'alert' }, text, dismiss));
}

/** A failed request. One that was called off says nothing; one that lacks a key asks for it. */
export function showFailure(place: HTMLElement, error: unknown): void {
  if (error instanceof DOMException && error.name === 'AbortError') return;
  if (error instanceof ServiceError) {
    if (error.status === 401) askForKey();
    else if (error.message !== '') showAlert(place, 'errorService', { message: error.message });
    else showAlert(place, 'errorStatus', { status: error.status });
    return;
  }
  if (error instanceof SyntaxError || error instanceof RangeError) {
    showAlert(place, 'errorAnswer');
    return;
  }
  // fetch rejects with a TypeError where nobody answers, or the answer breaks off.
  if (error instanceof TypeError) showAlert(place, 'errorUnreachable');
  else throw error;
}
