import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ledger } from '../../bench/soak/ledger.ts';
import { parentOf, residentBytesOf } from '../../bench/soak/process-probe.ts';
import { type Findings, faultsOf, memorySlope } from '../../bench/soak/report.ts';
import { gauge, replacements, type Sample } from '../../bench/soak/sampler.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const MIB = 2 ** 20;

function sample(atS: number, pids: Readonly<Record<string, number>>, residentMib = 100): Sample {
  const processes = Object.entries(pids).map(([role, pid]) => ({
    role,
    pid,
    residentBytes: residentMib * MIB,
    descriptors: 20,
  }));
  return { atS, processes, healthMs: 1, running: 0, waiting: 0, temporaryFiles: 0 };
}

const PIDS = { server: 1, speech: 2, page: 3, combiner: 4, standby: 5 };

function findings(changed: Partial<Findings> = {}): Findings {
  return {
    ledger: new Ledger(new ManualClock()),
    samples: [sample(5, PIDS), sample(10, PIDS)],
    before: sample(0, PIDS),
    after: sample(15, PIDS),
    statuses: new Map([
      [200, 9],
      [503, 2],
    ]),
    errors: [],
    said: [],
    crash: undefined,
    end: { status: 143, signal: null, left: [] },
    ...changed,
  };
}

test('a run in which all is well has no faults, refusals included', () => {
  assert.deepEqual(faultsOf(findings()), []);
});

test('each thing that must not be is a fault', () => {
  const ledger = new Ledger(new ManualClock());
  ledger.enter('stream', 1000).lost('closed with 1006');
  const cases: [Partial<Findings>, RegExp][] = [
    [{ ledger }, /stream: closed with 1006/],
    [{ statuses: new Map([[500, 1]]) }, /1 answers of status 500/],
    [{ statuses: new Map([[504, 2]]) }, /2 answers of status 504/],
    [{ errors: ['{"msg":"internal error"}'] }, /in the service's log: .*internal error/],
    [{ crash: { status: null, signal: 'SIGSEGV' } }, /ended by itself: SIGSEGV/],
    [{ end: { status: 1, signal: null, left: [] } }, /ended with 1/],
    [{ end: { status: 143, signal: null, left: ['bytefuse-upload-x'] } }, /left on the disk/],
    [{ after: { ...sample(15, PIDS), temporaryFiles: 1 } }, /1 temporary files/],
    [
      { samples: [sample(5, { ...PIDS, combiner: 9 })], after: sample(15, { ...PIDS, combiner: 9 }) },
      /combiner.*1 times/,
    ],
  ];
  for (const [changed, expected] of cases) {
    const faults = faultsOf(findings(changed));
    assert.equal(faults.length, 1, faults.join('; '));
    assert.match(faults[0]!, expected);
  }
});

test('requests that have no end are a fault', () => {
  const ledger = new Ledger(new ManualClock());
  ledger.enter('stream', 1000);
  assert.deepEqual(faultsOf(findings({ ledger })), ['1 requests have no end']);
});

test('a process that was replaced counts once, whether it was seen to be away or not; one that comes counts not', () => {
  const away = sample(5, { server: 1 });
  const speech = (pid: number) => sample(5, { server: 1, speech: pid });
  assert.equal(replacements([speech(2), speech(2), speech(7)], 'speech'), 1);
  assert.equal(replacements([speech(2), away, speech(7)], 'speech'), 1);
  assert.equal(replacements([speech(2), away], 'speech'), 1);
  assert.equal(replacements([away, speech(2)], 'speech'), 0);
});

test('memory grows by MiB a minute, as the second half of the samples says', () => {
  const samples = Array.from({ length: 21 }, (_, i) => sample(i * 30, PIDS, i < 10 ? 100 + 50 * i : 600 + 2 * i));
  assert.ok(Math.abs(memorySlope(samples, 'server') - 4) < 1e-9);
});

test('lines of /proc are read, whatever a process is called', () => {
  assert.equal(parentOf('812 (bytefuse (x) 9 ) S 77 812 812 0 -1'), 77);
  assert.equal(parentOf(''), undefined);
  assert.equal(residentBytesOf('Name:\tnode\nVmHWM:\t 9 kB\nVmRSS:\t   1024 kB\n'), MIB);
  assert.equal(residentBytesOf('Name:\tzombie\n'), undefined);
});

test('a gauge is summed over its labels and no other', () => {
  const text = '# HELP a b\na{queue="speech"} 2\na{queue="page"} 1\na_total{queue="page"} 9\n';
  assert.equal(gauge(text, 'a'), 3);
  assert.equal(gauge(text, 'b'), 0);
});
