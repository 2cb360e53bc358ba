/** What a toy service answers while somebody talks: an English utterance that fusion changes, and a Chinese one. */
import type { ScriptedEvent } from './toy-web-service.ts';

const words = (spelled: readonly (readonly [string, number])[], startS: number) =>
  spelled.map(([word, probability], i) => ({
    word,
    start: startS + i * 0.3,
    end: startS + i * 0.3 + 0.25,
    probability,
  }));

const hypothesis = (
  atS: number,
  utterance: number,
  revision: number,
  fields: Record<string, unknown>,
): ScriptedEvent => ({
  atS,
  event: {
    type: 'hypothesis',
    utterance,
    revision,
    stage: 'recognized',
    final: false,
    committed: 0,
    startS: utterance === 0 ? 0.2 : 1.5,
    endS: atS,
    language: utterance === 0 ? 'en' : 'zh',
    ...fields,
  },
});

const ENGLISH = 'the weather is fine today';
const CHINESE = '今天的天气很好。';

export const TOY_TALK: readonly ScriptedEvent[] = [
  { atS: 0.2, event: { type: 'speech_start', utterance: 0, startS: 0.2 } },
  hypothesis(0.4, 0, 0, { text: 'the whether', committed: 3 }),
  hypothesis(0.7, 0, 1, { text: 'the whether is fine', committed: 4 }),
  { atS: 0.9, event: { type: 'speech_end', utterance: 0, endS: 0.9 } },
  hypothesis(1.0, 0, 2, { text: 'the whether is fine today', committed: 4, final: true }),
  hypothesis(1.2, 0, 3, {
    text: ENGLISH,
    committed: ENGLISH.length,
    stage: 'fused',
    final: true,
    words: words(
      [
        ['the', 0.98],
        ['weather', 0.41],
        ['is', 0.97],
        ['fine', 0.9],
        ['today', 0.95],
      ],
      0.2,
    ),
    alternatives: [
      { text: ENGLISH, recognizerLogProb: -4.31, llmLogProb: -21.07 },
      { text: 'the whether is fine today', recognizerLogProb: -4.12, llmLogProb: -29.64 },
      { text: 'the weather is find today', recognizerLogProb: -6.9, llmLogProb: -27.2 },
    ],
    changes: [
      {
        recognized: 'whether',
        chosen: 'weather',
        offset: 4,
        recognizedLogProb: { recognizer: -4.12, llm: -29.64 },
        chosenLogProb: { recognizer: -4.31, llm: -21.07 },
      },
    ],
  }),
  { atS: 1.5, event: { type: 'speech_start', utterance: 1, startS: 1.5 } },
  { atS: 1.6, event: { type: 'lag', lagMs: 2300 } },
  hypothesis(1.7, 1, 0, { text: '今天的天汽', committed: 3 }),
  { atS: 1.9, event: { type: 'lag', lagMs: 300 } },
  hypothesis(2.0, 1, 1, { text: '今天的天汽很好。', committed: 3, final: true }),
  hypothesis(2.2, 1, 2, {
    text: CHINESE,
    committed: CHINESE.length,
    stage: 'fused',
    final: true,
    alternatives: [
      { text: CHINESE, recognizerLogProb: -2.2, llmLogProb: -11.4 },
      { text: '今天的天汽很好。', recognizerLogProb: -2.0, llmLogProb: -19.8 },
    ],
    changes: [
      {
        recognized: '汽',
        chosen: '气',
        offset: 4,
        recognizedLogProb: { recognizer: -2.0, llm: -19.8 },
        chosenLogProb: { recognizer: -2.2, llm: -11.4 },
      },
    ],
  }),
];
