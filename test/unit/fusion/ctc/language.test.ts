import assert from 'node:assert/strict';
import { test } from 'node:test';
import { languageOf } from '../../../../fusion/ctc/language.ts';

test('the language of a page is judged from its letters and commonest words, or left open', () => {
  for (const [text, expected] of [
    ['今天天气很好，我们去公园。', 'zh'],
    ['今日は天気がいいので、公園に行きます。', 'ja'],
    ['오늘은 날씨가 좋습니다.', 'ko'],
    ['Сегодня хорошая погода.', 'ru'],
    ['Bugün hava çok güzel ve parka gidiyoruz.', 'tr'],
    // The recognizer reads dotless i with a dot; the other letters are enough.
    ['Babasi buna çok gönüllü olmamişti.', 'tr'],
    ['The weather is fine and we go to the park.', 'en'],
    ['Das Wetter ist schön und wir gehen in den Park.', 'other'],
    ['Invoice 2026-11', 'other'],
    ['1234 5678', 'other'],
    ['', 'other'],
    ['使用 Python 3 和 NumPy 进行数据分析', 'zh'],
    ['He moved to Muş in the spring of that year.', 'en'],
  ] as const) {
    assert.equal(languageOf(text), expected, text);
  }
});
