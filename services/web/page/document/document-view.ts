/** The tab where one drops a document: its pages with boxes, the text beside them, and what the fusion changed. */
import type { DocumentPage } from '../../../../models/core/document.ts';
import {
  DOCUMENT_ENDINGS,
  DOCUMENT_FORMATS,
  type DocumentFormat,
  writeDocument,
} from '../../../output/document/document-writer.ts';
import { pageText as plainPageText } from '../../../output/document/text.ts';
import { showAlert, showFailure } from '../alerts.ts';
import { download, withoutEnding } from '../download.ts';
import { byId, element } from '../element.ts';
import type { MessageKey, Values } from '../messages/catalogue.ts';
import { label, tell } from '../messages.ts';
import { withoutChanges } from '../readings.ts';
import { readingsPanel } from '../readings-panel.ts';
import type { TextPair } from '../talk/talk-view.ts';
import { walkWords } from '../word-keys.ts';
import { readDocument, searchablePdf } from './document-upload.ts';
import { pagePicture } from './page-picture.ts';
import { pageText, type TextWord, wordsOf } from './page-text.ts';

const FORMAT_NAMES: Readonly<Record<DocumentFormat, string>> = {
  text: 'TXT',
  markdown: 'Markdown',
  json: 'JSON',
  hocr: 'hOCR',
  alto: 'ALTO',
  tsv: 'TSV',
  pdf: 'PDF',
};

export class DocumentView {
  readonly #drop = byId('drop', HTMLElement);
  readonly #choice = byId('document-file', HTMLInputElement);
  readonly #cancel = byId('document-cancel', HTMLButtonElement);
  readonly #state = byId('document-state', HTMLElement);
  readonly #alert = byId('document-alert', HTMLElement);
  readonly #picture = byId('page-picture', HTMLElement);
  readonly #text = byId('page-text', HTMLElement);
  readonly #onText: () => void;
  #pages: DocumentPage[] = [];
  #file: File | null = null;
  /** Null where the browser cannot draw the file. */
  #bitmap: ImageBitmap | null = null;
  #shown = 0;
  #words = new Map<string, TextWord>();
  #panel: { readonly id: string; readonly root: HTMLElement } | null = null;
  #request: AbortController | null = null;

  /** `onText` runs whenever the text changed. */
  constructor(onText: () => void) {
    this.#onText = onText;
    this.#choice.addEventListener('change', () => {
      const [file] = this.#choice.files ?? [];
      this.#choice.value = '';
      if (file !== undefined) void this.#read(file);
    });
    this.#cancel.addEventListener('click', () => this.#request?.abort());
    this.#takeDrops();
    byId('page-previous', HTMLButtonElement).addEventListener('click', () => this.#show(this.#shown - 1));
    byId('page-next', HTMLButtonElement).addEventListener('click', () => this.#show(this.#shown + 1));
    byId('document-copy', HTMLButtonElement).addEventListener(
      'click',
      ({ currentTarget }) => void this.#copy(currentTarget),
    );
    byId('document-downloads', HTMLElement).append(...DOCUMENT_FORMATS.map((format) => this.#downloadButton(format)));
    walkWords(this.#text, {
      words: '.word',
      onFocus: (word) => this.#light(word.dataset['word']),
      onOpen: (word) => this.#toggle(word.dataset['word'] ?? ''),
    });
    for (const side of [this.#text, this.#picture]) {
      side.addEventListener('pointerover', ({ target }) => {
        if (target instanceof Element) this.#light(target.closest<HTMLElement>('[data-word]')?.dataset['word']);
      });
      side.addEventListener('pointerleave', () => this.#light(undefined));
    }
    this.#text.addEventListener('focusout', () => this.#light(undefined));
    this.#picture.addEventListener('click', ({ target }) => {
      const id = target instanceof SVGElement ? target.dataset['word'] : undefined;
      if (id !== undefined) this.#toggle(id);
    });
  }

  /** The text as the recognizer alone had it, and as it is; null while there is none. */
  get texts(): TextPair | null {
    if (this.#pages.length === 0) return null;
    return {
      before: this.#pages.map((page) => plainPageText(asRecognized(page))).join('\n'),
      after: this.#pages.map(plainPageText).join('\n'),
    };
  }

  #takeDrops(): void {
    const over = (isOver: boolean) => this.#drop.classList.toggle('is-over', isOver);
    this.#drop.addEventListener('dragover', (event) => {
      event.preventDefault();
      over(true);
    });
    this.#drop.addEventListener('dragleave', () => over(false));
    this.#drop.addEventListener('drop', (event) => {
      event.preventDefault();
      over(false);
      const [file] = event.dataTransfer?.files ?? [];
      if (file !== undefined) void this.#read(file);
    });
    // A file that misses the field would replace the page.
    for (const kind of ['dragover', 'drop'] as const) addEventListener(kind, (event) => event.preventDefault());
  }

  async #read(file: File): Promise<void> {
    this.#request?.abort();
    const request = new AbortController();
    this.#begin(file);
    this.#busy(request, 'readingFile', { name: file.name });
    try {
      this.#bitmap = await bitmapOf(file);
      for await (const page of readDocument(file, request.signal)) {
        if (this.#request !== request) return;
        this.#pages.push(page);
        this.#say('readingPage', { name: file.name, count: this.#pages.length });
        if (this.#pages.length === 1) this.#show(0);
        else this.#number();
        this.#onText();
      }
      this.#say('readDone', { count: this.#pages.length });
    } catch (error) {
      if (this.#request !== request) return;
      tell(this.#state, '');
      showFailure(this.#alert, error);
    } finally {
      if (this.#request === request) this.#free();
    }
  }

  #begin(file: File): void {
    this.#bitmap?.close();
    this.#bitmap = null;
    this.#file = file;
    this.#pages = [];
    this.#alert.replaceChildren();
    byId('document-result', HTMLElement).hidden = true;
    byId('document-empty', HTMLElement).hidden = true;
    this.#drop.classList.add('is-small');
    this.#onText();
  }

  #show(index: number): void {
    const page = this.#pages[index];
    if (page === undefined) return;
    this.#shown = index;
    this.#panel = null;
    this.#words = wordsOf(page);
    byId('document-result', HTMLElement).hidden = false;
    // Only the first page of a file is what a browser decodes.
    const bitmap = page.number === 1 ? this.#bitmap : null;
    this.#picture.replaceChildren(...pagePicture(page, [...this.#words.values()], bitmap));
    this.#text.replaceChildren(...pageText(page, this.#words));
    label(this.#text, 'pageText', { number: page.number });
    if (page.language === '') this.#text.removeAttribute('lang');
    else this.#text.lang = page.language;
    const note = byId('page-note', HTMLElement);
    note.hidden = bitmap !== null && page.source === 'recognized';
    tell(note, page.source === 'text-layer' ? 'pageLayer' : 'noPicture');
    this.#number();
  }

  #number(): void {
    const count = this.#pages.length;
    const page = this.#pages[this.#shown];
    tell(byId('page-number', HTMLElement), 'page', { number: page?.number ?? 1, count });
    const previous = byId('page-previous', HTMLButtonElement);
    const next = byId('page-next', HTMLButtonElement);
    previous.hidden = count < 2;
    next.hidden = count < 2;
    previous.disabled = this.#shown === 0;
    next.disabled = this.#shown >= count - 1;
  }

  /** The word and its box, in text and picture at once. */
  #light(id: string | undefined): void {
    for (const side of [this.#text, this.#picture]) {
      for (const lit of side.querySelectorAll('.is-lit')) lit.classList.remove('is-lit');
      if (id !== undefined) find(side, id)?.classList.add('is-lit');
    }
  }

  #toggle(id: string): void {
    const wasOpen = this.#panel?.id === id;
    this.#close();
    const placed = this.#words.get(id);
    const word = find(this.#text, id);
    if (wasOpen || placed === undefined || word === null) return;
    const { line, change } = placed;
    const root = readingsPanel(
      {
        word: placed.word.text,
        probability: placed.word.confidence,
        text: line.text,
        language: this.#pages[this.#shown]?.language ?? '',
        isFinal: true,
        alternatives: line.nBest.map(({ text, ctcLogProb, llmLogProb }) => ({
          text,
          recognizerLogProb: ctcLogProb,
          llmLogProb,
        })),
        changes: line.changes,
        change,
        note: null,
      },
      () => this.#close(),
    );
    this.#panel = { id, root };
    word.setAttribute('aria-expanded', 'true');
    // Inside of a table the panel would be as narrow as the cell.
    const after = word.closest('.table-wrap') ?? word.closest('.line') ?? word;
    after.after(root);
    root.focus({ preventScroll: true });
    root.scrollIntoView({ block: 'nearest' });
  }

  #close(): void {
    if (this.#panel === null) return;
    const { id, root } = this.#panel;
    const hadFocus = root.contains(document.activeElement);
    root.remove();
    this.#panel = null;
    const word = find(this.#text, id);
    word?.setAttribute('aria-expanded', 'false');
    if (hadFocus && word instanceof HTMLElement) word.focus();
  }

  #downloadButton(format: DocumentFormat): HTMLButtonElement {
    const name = FORMAT_NAMES[format];
    const button = element('button', { type: 'button', class: 'quiet', 'data-format': format }, name);
    label(button, 'downloadAs', { format: name });
    button.addEventListener('click', () => void this.#download(format));
    return button;
  }

  async #download(format: DocumentFormat): Promise<void> {
    const file = this.#file;
    if (file === null) return;
    const name = withoutEnding(file.name) + DOCUMENT_ENDINGS[format];
    if (format !== 'pdf') {
      download(name, writeDocument({ pages: this.#pages, warnings: [] }, format, { name: file.name }));
      return;
    }
    const request = new AbortController();
    this.#busy(request, 'preparing', { format: FORMAT_NAMES.pdf });
    try {
      download(name, await searchablePdf(file, request.signal));
    } catch (error) {
      showFailure(this.#alert, error);
    } finally {
      if (this.#request === request) {
        this.#free();
        this.#say('readDone', { count: this.#pages.length });
      }
    }
  }

  async #copy(button: EventTarget | null): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.texts?.after ?? '');
      if (!(button instanceof HTMLElement)) return;
      tell(button, 'copied');
      setTimeout(() => tell(button, 'copy'), 2000);
    } catch {
      showAlert(this.#alert, 'copyFailed');
    }
  }

  #busy(request: AbortController, key: MessageKey, values: Values): void {
    this.#request = request;
    this.#cancel.hidden = false;
    this.#choice.disabled = true;
    this.#downloads(false);
    this.#say(key, values);
  }

  #free(): void {
    this.#request = null;
    this.#cancel.hidden = true;
    this.#choice.disabled = false;
    this.#downloads(true);
  }

  /** A file of half a document would look like the whole. */
  #downloads(areOffered: boolean): void {
    for (const button of byId('document-downloads', HTMLElement).querySelectorAll('button'))
      button.disabled = !areOffered;
  }

  #say(key: MessageKey, values: Values): void {
    tell(this.#state, key, values);
  }
}

function find(side: HTMLElement, id: string): Element | null {
  return side.querySelector(`[data-word="${CSS.escape(id)}"]`);
}

/** Every line as the recognizer alone read it. */
function asRecognized(page: DocumentPage): DocumentPage {
  return {
    ...page,
    blocks: page.blocks.map((block) => ({
      ...block,
      lines: block.lines.map((line) => ({ ...line, text: withoutChanges(line.text, line.changes) })),
    })),
  };
}

async function bitmapOf(file: File): Promise<ImageBitmap | null> {
  try {
    return await createImageBitmap(file, { imageOrientation: 'from-image' });
  } catch {
    // Not a picture, or of a kind that this browser does not know: the words on blank paper do.
    return null;
  }
}
