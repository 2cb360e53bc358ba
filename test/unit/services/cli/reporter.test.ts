import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../../../models/core/app-error.ts';
import { openReporter } from '../../../../services/cli/reporter.ts';
import { segment, transcript } from '../../../support/toy-transcript.ts';

function recorder(options: { quiet?: boolean; verbose?: boolean } = {}) {
  let written = '';
  let nowMs = 0;
  const stream = {
    isTTY: false,
    write: (text: string) => {
      written += text;
      return true;
    },
  } as unknown as NodeJS.WriteStream;
  const reporter = openReporter({ quiet: false, verbose: false, ...options, stream, nowMs: () => nowMs });
  return {
    reporter,
    written: () => written,
    pass: (seconds: number) => {
      nowMs += seconds * 1000;
    },
  };
}

const result = transcript([segment(0, 10, ' Hello.')], { languageProbability: 0.5, duration: 10 });

test('without a terminal progress is a line every ten seconds', () => {
  const { reporter, written, pass } = recorder();
  for (let second = 1; second <= 30; second++) {
    pass(1);
    reporter.recording('a.wav', { doneSeconds: second, totalSeconds: 100, elapsedMs: second * 500 });
  }
  assert.equal(written().split('\n').length - 1, 2);
  assert.match(written(), /a\.wav: 11% of 1 min 40 s, real-time factor 0\.50/);
});

test('each phase of a model is announced at once', () => {
  const { reporter, written } = recorder();
  reporter.model({ artefact: 'm', phase: 'download', doneBytes: 0, totalBytes: 2e8 });
  reporter.model({ artefact: 'm', phase: 'download', doneBytes: 1e8, totalBytes: 2e8 });
  reporter.model({ artefact: 'm', phase: 'convert', doneBytes: 0, totalBytes: 2e8 });
  assert.equal(written(), 'm: downloading 0.0 MB of 200 MB\nm: converting 0.0 MB of 200 MB\n');
});

test('a finished recording says its length, time, factor, language, outputs and warnings', () => {
  const { reporter, written } = recorder();
  reporter.done('a.wav', { ...result, warnings: [{ code: 'w', message: 'Beware' }] }, ['out/a.srt']);
  assert.match(
    written(),
    /^a\.wav: 10\.0 s of audio in 1\.0 s, real-time factor 0\.10, language en \(0\.50\) -> out\/a\.srt\n/,
  );
  assert.match(written(), /warning: Beware \[w\]/);
});

test('--quiet leaves errors only', () => {
  const { reporter, written } = recorder({ quiet: true, verbose: true });
  reporter.recording('a.wav', { doneSeconds: 1, totalSeconds: 2, elapsedMs: 3 });
  reporter.model({ artefact: 'm', phase: 'download', doneBytes: 0, totalBytes: 2e8 });
  reporter.done('a.wav', result, []);
  reporter.detail('x');
  reporter.summary('x');
  assert.equal(written(), '');
  reporter.failed('dir/a.wav', new AppError('audio_corrupt', 'It is broken'));
  assert.match(written(), /dir\/a\.wav: It is broken \[audio_corrupt\]\n {2}The audio/);
});

test('a failure whose message names the file does not name it twice', () => {
  const { reporter, written } = recorder();
  reporter.failed('dir/a.wav', new AppError('file_empty', 'a.wav holds no bytes'));
  assert.match(written(), /^bytefuse: a\.wav holds no bytes \[file_empty\]/);
});
