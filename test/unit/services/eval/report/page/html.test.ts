import assert from 'node:assert/strict';
import { test } from 'node:test';
import { html, markup, textAttributes, visible } from '../../../../../../services/eval/report/page/html.ts';

test('what is put into markup is escaped, unless it is markup', () => {
  const hostile = `</script><img src=x onerror="alert('1')">&amp;`;
  const page = html`<p title="${hostile}">${hostile}${markup('<br>')}${[html`<b>${'<'}</b>`, '>']}${undefined}${false}${7}</p>`;
  const escaped = '&lt;/script&gt;&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;amp;';
  assert.equal(page.text, `<p title="${escaped}">${escaped}<br><b>&lt;</b>&gt;7</p>`);
});

test('characters that hide or turn the text are shown as their code points', () => {
  const code = (point: string) => `<span class="code">${point}</span>`;
  assert.equal(visible('a\u202eb').text, `a${code('U+202E')}b`);
  assert.equal(
    visible('\u200b\ufeff\u0000\u0085\r').text,
    ['U+200B', 'U+FEFF', 'U+0000', 'U+0085', 'U+000D'].map(code).join(''),
  );
  assert.equal(visible('x\ud800y').text, `x${code('U+D800')}y`);
  assert.equal(visible('\u{e0041}').text, code('U+E0041'));
  assert.equal(visible('two\nlines\tand a tab').text.split('\n').length, 2);
  assert.equal(visible('<i>').text, '&lt;i&gt;');
  assert.equal(visible('汉字 ğüşİ 😀').text, '汉字 ğüşİ 😀');
});

test('a language becomes an attribute only where it is one', () => {
  assert.equal(textAttributes('zh').text, 'lang="zh" dir="auto"');
  assert.equal(textAttributes('zh-Hant').text, 'lang="zh-Hant" dir="auto"');
  for (const odd of ['und', '', '"><b>x', 'en us', 'EN']) assert.equal(textAttributes(odd).text, 'dir="auto"');
});
