import { map, number, oneOf, optional } from '../../fusion/protocol/schema.ts';
import { AppError } from '../../models/core/app-error.ts';
import { defaultTranscribeOptions } from '../../models/whisper/transcribe-defaults.ts';
import { defaultReadOptions, LLM_WEIGHT_MAX } from '../app/read-defaults.ts';
import type { FuseOpeners } from '../combiner/fuse-stream.ts';
import { checked } from './checked.ts';
import { optionFields, requestOf } from './stream-start.ts';

const { llmWeight: _, ...sameFields } = optionFields;
const query = map({
  ...sameFields,
  llmWeight: optional(number(0, LLM_WEIGHT_MAX)),
  mode: optional(oneOf('greedy', 'alone', 'fused', 'faithful')),
});

/** Options of /v1/fuse from its query. Throws invalid_option, unsupported_parameter; `param` names the field. */
export function fuseOpeners(search: URLSearchParams): FuseOpeners {
  const fields: Record<string, unknown> = {};
  for (const name of new Set(search.keys())) {
    const values = search.getAll(name);
    if (name === 'keywords') fields[name] = values;
    else if (values.length > 1) {
      throw new AppError('invalid_option', `Field ${name} stands here ${values.length} times.`, { param: name });
    } else fields[name] = NUMBERS.has(name) ? numberOf(values[0]!) : values[0];
  }
  const { mode, ...given } = checked(query, fields);
  const { llmWeight } = given;
  if (mode === undefined && llmWeight !== undefined && llmWeight > 1) {
    throw new AppError('invalid_option', 'Field llmWeight: above 1 it is for pages; say so by mode.', {
      param: 'llmWeight',
    });
  }
  const speech = requestOf(given);
  const { language, llmPrompt, script, nBest } = given;
  return {
    // The other one's weights mean nothing here, and would not pass.
    speech: {
      ...defaultTranscribeOptions,
      ...speech,
      ...(mode === undefined ? {} : { llmWeight: undefined }),
      explain: true,
    },
    pages: {
      ...defaultReadOptions,
      ...(mode === undefined ? {} : { mode, llmWeight }),
      ...(language === undefined ? {} : { language }),
      ...(llmPrompt === undefined ? {} : { llmPrompt }),
      ...(script === undefined ? {} : { script }),
      ...(nBest === undefined ? {} : { nBest, beams: Math.max(nBest, defaultReadOptions.beams) }),
      explain: true,
    },
  };
}

const NUMBERS = new Set(['llmWeight', 'nBest']);

/** What is no number stays text, and is refused as such. */
function numberOf(text: string): unknown {
  return text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text);
}
