/** The tab where one talks: microphone or recording in, utterances that settle out. */
import { shortTime } from '../../../output/clock-time.ts';
import { showAlert, showFailure } from '../alerts.ts';
import { download, withoutEnding } from '../download.ts';
import { byId, element } from '../element.ts';
import { askForKey } from '../key-form.ts';
import type { MessageKey, Values } from '../messages/catalogue.ts';
import { tell } from '../messages.ts';
import { decimal } from '../numbers.ts';
import { withoutChanges } from '../readings.ts';
import { storedKey } from '../service.ts';
import { warningMessage } from '../warnings.ts';
import { LiveSession, type SessionState, type StreamSocket } from './live-session.ts';
import { type Microphone, openMicrophone } from './microphone.ts';
import { transcribeRecording } from './recording-upload.ts';
import type { StreamEvent, StreamWish } from './stream-events.ts';
import {
  plainText,
  TRANSCRIPT_ENDINGS,
  TRANSCRIPT_TYPES,
  type TranscriptEnding,
  transcriptFile,
} from './transcript-file.ts';
import { currentText, type Utterance, UtteranceList } from './utterance-list.ts';
import { UtteranceView } from './utterance-view.ts';
import { listLanguages, readWish } from './wish-form.ts';

/** Two texts of the same thing. */
export interface TextPair {
  readonly before: string;
  readonly after: string;
}

/** Below this much delay nobody minds; the service says so when it changes much. */
const LAG_SHOWN_MS = 1500;
/** Loudness that the meter begins at, in decibels below full scale. */
const METER_FLOOR_DB = 60;
/** Utterances that a screen reader may still go back to in the live region. */
const HEARD_KEPT = 5;
/** Name of files of what was spoken here. */
const UNNAMED = 'transcript';

const STATES: Readonly<Record<SessionState, MessageKey>> = {
  connecting: 'stateConnecting',
  listening: 'stateListening',
  reconnecting: 'stateReconnecting',
  finishing: 'stateFinishing',
  ended: 'stateIdle',
  failed: 'stateIdle',
};

export class TalkView {
  readonly #record = byId('record', HTMLButtonElement);
  readonly #recording = byId('recording', HTMLInputElement);
  readonly #cancel = byId('recording-cancel', HTMLButtonElement);
  readonly #state = byId('talk-state', HTMLElement);
  readonly #level = byId('level', HTMLMeterElement);
  readonly #elapsed = byId('elapsed', HTMLElement);
  readonly #lag = byId('talk-lag', HTMLElement);
  readonly #overload = byId('talk-overload', HTMLElement);
  readonly #alert = byId('talk-alert', HTMLElement);
  readonly #list = byId('utterances', HTMLOListElement);
  readonly #heard = byId('heard', HTMLElement);
  readonly #utterances = new UtteranceList();
  readonly #views = new Map<string, UtteranceView>();
  readonly #onText: () => void;
  #session: LiveSession | null = null;
  #microphone: Microphone | null = null;
  #upload: AbortController | null = null;
  /** Of files: of the recording where it was one. */
  #name = UNNAMED;
  #samples = 0;

  /** `onText` runs whenever the text changed. */
  constructor(onText: () => void) {
    this.#onText = onText;
    listLanguages();
    addEventListener('languagechosen', listLanguages);
    this.#record.addEventListener('click', () => void (this.#isRecording ? this.#stop() : this.#start()));
    this.#recording.addEventListener('change', () => {
      const [file] = this.#recording.files ?? [];
      // The same file may be chosen again.
      this.#recording.value = '';
      if (file !== undefined) void this.#transcribe(file);
    });
    this.#cancel.addEventListener('click', () => this.#upload?.abort());
    byId('talk-copy', HTMLButtonElement).addEventListener(
      'click',
      ({ currentTarget }) => void this.#copy(currentTarget),
    );
    byId('talk-clear', HTMLButtonElement).addEventListener('click', () => this.#clear());
    for (const ending of TRANSCRIPT_ENDINGS) {
      byId(`talk-${ending}`, HTMLButtonElement).addEventListener('click', () => this.#download(ending));
    }
    // On a phone the settings would push the text off the screen.
    if (matchMedia('(width <= 960px)').matches) byId('settings', HTMLDetailsElement).open = false;
    this.#idle();
  }

  /** The text as the recognizer alone had it, and as it is, corrections included; null while there is none. */
  get texts(): TextPair | null {
    const all = this.#utterances.all.filter(({ text }) => text !== '');
    if (all.length === 0) return null;
    const alone = all.map((one) => ({
      ...one,
      correction: null,
      text: one.recognizedText ?? withoutChanges(one.text, one.changes),
    }));
    return { before: plainText(alone), after: plainText(all) };
  }

  get #isRecording(): boolean {
    return this.#microphone !== null;
  }

  async #start(): Promise<void> {
    const wish = this.#wish();
    if (wish === null) return;
    this.#clear();
    this.#say('stateAsking', 'busy');
    this.#record.disabled = true;
    try {
      this.#microphone = await openMicrophone({
        start: (rateHz) => this.#open(wish, rateHz),
        piece: (samples, loudness) => this.#take(samples, loudness),
        gone: () => void this.#stop(),
      });
      tell(this.#record, 'stop').classList.add('is-on');
      this.#record.disabled = false;
      // The session may have failed while the microphone was on its way.
      if (this.#session === null) await this.#stop();
    } catch (error) {
      this.#session?.close();
      this.#session = null;
      this.#idle();
      this.#refusedMicrophone(error);
    }
  }

  #open(wish: StreamWish, rateHz: number): void {
    this.#lock(true);
    this.#session = new LiveSession({
      open: () => openSocket(),
      clock: {
        nowMs: () => performance.now(),
        after: (ms, run) => {
          const timer = setTimeout(run, ms);
          return () => clearTimeout(timer);
        },
      },
      key: storedKey(),
      wish,
      rateHz,
      onState: (state) => this.#entered(state),
      onEvent: (event, place) => {
        const changed = this.#utterances.apply(event, place);
        if (changed === null) this.#note(event);
        else this.#show(changed);
      },
      onRestart: () => {
        for (const id of this.#utterances.dropOpen(({ id }) => this.#isEdited(id))) this.#remove(id);
        showAlert(this.#alert, 'restarted');
      },
      onAudioLost: (lostS) => showAlert(this.#alert, 'audioLost', { seconds: decimal(lostS, 1) }),
      onFailure: (code, message) => this.#failed(code, message),
    });
    this.#say(STATES.connecting, 'busy');
  }

  #take(samples: Int16Array<ArrayBuffer>, loudness: number): void {
    this.#session?.send(samples);
    this.#samples += samples.length;
    if (this.#isRecording) this.#meter(loudness);
    if (this.#microphone !== null) this.#elapsed.textContent = shortTime(this.#samples / this.#microphone.rateHz);
  }

  /** In decibels, as ears have it: speech fills half of the meter, not a twentieth. */
  #meter(loudness: number): void {
    const db = 20 * Math.log10(Math.max(loudness, 1e-6));
    const share = Math.max(0, Math.min(1, 1 + db / METER_FLOOR_DB));
    this.#level.value = share;
    byId('level-bar', HTMLElement).style.transform = `scaleX(${share.toFixed(3)})`;
  }

  async #stop(): Promise<void> {
    const microphone = this.#microphone;
    this.#microphone = null;
    tell(this.#record, 'start').classList.remove('is-on');
    this.#record.disabled = true;
    this.#meter(0);
    await microphone?.stop();
    if (this.#session === null) this.#idle();
    else this.#session.finish();
  }

  #entered(state: SessionState): void {
    if (state === 'ended' || state === 'failed') {
      this.#session = null;
      if (this.#isRecording) void this.#stop();
      else this.#idle();
      for (const open of this.#utterances.endAll()) this.#views.get(open.id)?.show(open);
      for (const one of this.#utterances.all) if (this.#isNothing(one)) this.#remove(one.id);
      return;
    }
    this.#say(STATES[state], state === 'listening' ? 'listening' : 'busy');
  }

  #failed(code: string, message: string): void {
    if (code === 'unauthorized') askForKey();
    else if (message !== '') showAlert(this.#alert, 'errorService', { message });
    // Browsers do not tell a page with which status an upgrade was refused.
    else showAlert(this.#alert, this.#views.size === 0 ? 'errorNoStream' : 'errorLost');
  }

  #refusedMicrophone(error: unknown): void {
    const name = error instanceof DOMException ? error.name : '';
    if (name === 'SecurityError') showAlert(this.#alert, 'errorInsecure');
    else if (name === 'NotAllowedError') showAlert(this.#alert, 'errorNoMicrophone');
    else if (name === 'NotFoundError' || name === 'NotReadableError') showAlert(this.#alert, 'errorNoDevice');
    else throw error;
  }

  #note(event: StreamEvent): void {
    if (event.type === 'lag') {
      this.#lag.hidden = event.lagMs < LAG_SHOWN_MS;
      tell(this.#lag, 'lag', { seconds: decimal(event.lagMs / 1000, 1) });
    } else if (event.type === 'warning' && event.code !== 'commit_empty') {
      const { key, values } = warningMessage(event);
      this.#overload.hidden = event.code === 'shed_nothing';
      tell(this.#overload, key, values);
    }
  }

  async #transcribe(file: File): Promise<void> {
    const wish = this.#wish();
    if (wish === null) return;
    this.#clear();
    this.#lock(true);
    this.#record.disabled = true;
    const upload = new AbortController();
    this.#upload = upload;
    this.#cancel.hidden = false;
    this.#name = withoutEnding(file.name);
    this.#say('stateUploading', 'busy', { name: file.name });
    try {
      for await (const news of transcribeRecording(file, wish, upload.signal)) {
        this.#say('stateTranscribing', 'busy', { name: file.name });
        if (news.kind === 'utterances') for (const one of news.utterances) this.#show(this.#utterances.put(one));
        else {
          this.#speaks(news.language);
          for (const warning of news.warnings) {
            const { key, values } = warningMessage(warning);
            showAlert(this.#alert, key, values);
          }
        }
      }
    } catch (error) {
      showFailure(this.#alert, error);
    } finally {
      this.#upload = null;
      this.#cancel.hidden = true;
      this.#idle();
    }
  }

  /** The language of a recording is told at its end. */
  #speaks(language: string): void {
    for (const one of this.#utterances.all) this.#views.get(one.id)?.show(this.#utterances.put({ ...one, language }));
  }

  #show(utterance: Utterance): void {
    const { id, isClosed, text, language } = utterance;
    let view = this.#views.get(id);
    if (view === undefined) {
      view = new UtteranceView(utterance, (typed) => this.#correct(id, typed));
      this.#views.set(id, view);
      this.#list.append(view.root);
    } else view.show(utterance);
    if (isClosed && text !== '') {
      this.#heard.append(element('p', { lang: language || undefined }, text));
      while (this.#heard.childElementCount > HEARD_KEPT) this.#heard.firstElementChild?.remove();
    }
    if (isClosed && this.#isNothing(utterance)) this.#remove(id);
    this.#textChanged();
  }

  #correct(id: string, text: string | null): void {
    const corrected = this.#utterances.correct(id, text);
    if (corrected === null) return;
    this.#views.get(id)?.show(corrected);
    this.#textChanged();
  }

  /** Nothing was said after all, and nobody says otherwise. */
  #isNothing({ id, text, correction }: Utterance): boolean {
    return text === '' && correction === null && !this.#isEdited(id);
  }

  #isEdited(id: string): boolean {
    return this.#views.get(id)?.isEdited ?? false;
  }

  #remove(id: string): void {
    this.#utterances.remove(id);
    this.#views.get(id)?.root.remove();
    this.#views.delete(id);
    this.#textChanged();
  }

  #textChanged(): void {
    const said = this.#utterances.all.filter((one) => one.text !== '' || currentText(one) !== '');
    const isEmpty = said.length === 0;
    const corrected = said.filter(({ correction }) => correction !== null).length;
    const count = byId('corrected-count', HTMLElement);
    count.hidden = corrected === 0;
    tell(count, 'correctedCount', { count: corrected, total: said.length });
    byId('transcript-empty', HTMLElement).hidden = this.#views.size > 0;
    byId('word-hint', HTMLElement).hidden = isEmpty;
    byId('talk-actions', HTMLElement).hidden = isEmpty;
    this.#onText();
  }

  #clear(): void {
    for (const id of [...this.#views.keys()]) this.#remove(id);
    this.#heard.replaceChildren();
    this.#alert.replaceChildren();
    this.#name = UNNAMED;
    this.#samples = 0;
    this.#elapsed.textContent = shortTime(0);
  }

  async #copy(button: EventTarget | null): Promise<void> {
    try {
      await navigator.clipboard.writeText(plainText(this.#utterances.all));
      if (!(button instanceof HTMLElement)) return;
      tell(button, 'copied');
      setTimeout(() => tell(button, 'copy'), 2000);
    } catch {
      showAlert(this.#alert, 'copyFailed');
    }
  }

  #download(ending: TranscriptEnding): void {
    download(`${this.#name}.${ending}`, transcriptFile(this.#utterances.all, ending), TRANSCRIPT_TYPES[ending]);
  }

  #wish(): StreamWish | null {
    const wish = readWish();
    if (wish === null) {
      byId('settings', HTMLDetailsElement).open = true;
      byId('wish-weight', HTMLInputElement).focus();
      showAlert(this.#alert, 'errorWeight');
    }
    return wish;
  }

  #idle(): void {
    this.#say('stateIdle', 'idle');
    // They told how it went; it is over.
    this.#lag.hidden = true;
    this.#overload.hidden = true;
    this.#record.disabled = false;
    tell(this.#record, 'start').classList.remove('is-on');
    this.#lock(false);
  }

  #lock(isBusy: boolean): void {
    this.#recording.disabled = isBusy;
    byId('wish', HTMLFieldSetElement).disabled = isBusy;
  }

  #say(key: MessageKey, lamp: 'idle' | 'busy' | 'listening', values: Values = {}): void {
    tell(this.#state, key, values);
    const light = this.#state.previousElementSibling;
    if (light instanceof HTMLElement) light.dataset['state'] = lamp;
  }
}

function openSocket(): StreamSocket {
  const url = new URL('/v1/stream', location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const socket = new WebSocket(url);
  const stream: StreamSocket = {
    send: (data) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(data);
    },
    close: () => socket.close(),
    onopen: null,
    onmessage: null,
    onclose: null,
  };
  socket.onopen = () => stream.onopen?.();
  socket.onmessage = ({ data }: MessageEvent<unknown>) => stream.onmessage?.({ data });
  socket.onclose = () => stream.onclose?.();
  return stream;
}
