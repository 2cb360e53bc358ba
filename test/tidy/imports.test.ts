import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exists, projectFiles, readProjectFile } from '../support/project-files.ts';
import { assertTidy } from './rules/finding.ts';
import { directionFindings, importLines, packageFindings } from './rules/imports.ts';
import { missingFindings, unusedFindings } from './rules/reachable.ts';

const sources = projectFiles('.ts', '.mjs').filter(({ path }) =>
  /^(models|fusion|services|fixtures|test)\//.test(path),
);

/** What is started from outside, by package.json or by name. Tests are entries as well. */
const ENTRIES = [
  'services/cli/bytefuse.mjs',
  'services/cli/main.ts',
  'services/cli/setup.mjs',
  'services/cli/start.mjs',
  'services/app/bytefuse.ts',
  'services/web/page/main.ts',
  'test/support/run.ts',
  'test/support/brief-reporter.ts',
  'test/bench/main.ts',
  'test/bench/vocab-frequency.ts',
  'test/bench/vocab-prompts.ts',
];

interface PackageFile {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

test('imports are read from every form that TypeScript has', () => {
  const text = [
    "import { a } from './a.ts';",
    'import {',
    '  b,',
    "} from './b.ts';",
    "export * from './c.ts';",
    "import './d.ts';",
    "const e = await import('./e.ts');",
    "new Worker(new URL('./f.js', import.meta.url));",
    "const text = 'import nothing from here';",
  ].join('\n');
  assert.deepEqual(
    importLines(text).map(({ specifier, line }) => `${line} ${specifier}`),
    ['1 ./a.ts', '4 ./b.ts', '5 ./c.ts', '6 ./d.ts', '7 ./e.ts', '8 ./f.js'],
  );
});

test('an import against the direction is found, with file and line', () => {
  const path = 'models/whisper/x.ts';
  const found = directionFindings({ path, text: "\nimport { y } from '../../fusion/gfd/y.ts';" });
  assert.equal(found.length, 1);
  assert.equal(found[0]!.line, 2);
  assert.match(found[0]!.what, /fusion\/gfd\/y\.ts/);
  assert.match(found[0]!.use, /models\//);
  const beyondCore = directionFindings({ path: 'fusion/gfd/x.ts', text: "import '../../models/llm/y.ts';" });
  assert.equal(beyondCore.length, 1);
  assert.deepEqual(directionFindings({ path: 'fusion/gfd/x.ts', text: "import '../../models/core/y.ts';" }), []);
  assert.equal(directionFindings({ path: 'fusion/gfd/x.ts', text: "import 'node:fs';" }).length, 1);
});

test('services import from fusion and models, fusion from models/core, models from models', () => {
  assertTidy(sources.flatMap(directionFindings));
});

test('a package that is not listed is found, and a development package in the product', () => {
  const packages = { product: new Set(['ws', '@a/b']), development: new Set(['fast-check']) };
  const found = (path: string, specifier: string) =>
    packageFindings({ path, text: `import '${specifier}';` }, packages).length;
  assert.equal(found('services/x.ts', 'ws/deep'), 0);
  assert.equal(found('services/x.ts', '@a/b/deep'), 0);
  assert.equal(found('services/x.ts', 'left-pad'), 1);
  assert.equal(found('services/x.ts', 'fast-check'), 1);
  assert.equal(found('test/x.ts', 'fast-check'), 0);
  assert.equal(found('services/x.ts', 'fs'), 1);
});

test('only packages that package.json lists are imported', () => {
  const { dependencies, devDependencies } = JSON.parse(readProjectFile('package.json')) as PackageFile;
  const packages = { product: new Set(Object.keys(dependencies)), development: new Set(Object.keys(devDependencies)) };
  assertTidy(sources.flatMap((file) => packageFindings(file, packages)));
});

test('a file that nothing leads to is found', () => {
  const files = [
    { path: 'a.ts', text: "import './b.ts';" },
    { path: 'b.ts', text: "new URL('./worker.js', import.meta.url)" },
    { path: 'worker.ts', text: '' },
    { path: 'alone.ts', text: "import './b.ts';" },
  ];
  assert.deepEqual(
    unusedFindings(['a.ts'], files).map(({ path }) => path),
    ['alone.ts'],
  );
});

test('every source file is used by the product, a test or a bench', () => {
  const tests = sources.filter(({ path }) => path.endsWith('.test.ts')).map(({ path }) => path);
  assertTidy(unusedFindings([...ENTRIES, ...tests], sources));
});

test('every file that an import names exists', () => {
  assert.equal(missingFindings([{ path: 'a/b.ts', text: "import '../c.ts';" }], (path) => path !== 'c.ts').length, 1);
  // The tests of the rules have made-up imports in strings; scripts load what the compiler writes.
  const real = sources.filter(({ path }) => !path.startsWith('test/tidy/'));
  assertTidy(missingFindings(real, (path) => path.startsWith('dist/') || exists(path)));
});
