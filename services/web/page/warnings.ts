/** Remarks of the service in the words of the page: by their code, and in the service's own words where that is not known. */
import type { Warning } from '../../../models/core/stepwise.ts';
import type { MessageKey, Values } from './messages/catalogue.ts';

/** Codes of docs/streaming.md, and those of results (docs/api.md). */
const KNOWN: Readonly<Record<string, MessageKey>> = {
  shed_partials: 'warningShedPartials',
  shed_fusion: 'warningShedFusion',
  degraded: 'degradedNote',
  llm_language_uncovered: 'warningLanguageUncovered',
};

export function warningMessage({ code, message }: Warning): { readonly key: MessageKey; readonly values: Values } {
  const key = Object.hasOwn(KNOWN, code) ? KNOWN[code] : undefined;
  return key === undefined ? { key: 'errorService', values: { message } } : { key, values: {} };
}
