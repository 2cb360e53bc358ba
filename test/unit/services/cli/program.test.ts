import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommanderError } from 'commander';
import { buildProgram } from '../../../../services/cli/program.ts';

const never = new AbortController().signal;

test('every subcommand throws instead of ending the process', async () => {
  const program = buildProgram(never, () => {});
  for (const args of [['nope'], ['transcribe'], ['transcribe', 'x', '--nope'], ['models', 'nope']]) {
    await assert.rejects(program.parseAsync(args, { from: 'user' }), CommanderError, args.join(' '));
  }
});

test('the help of the whole and of each command is in English and names every option', () => {
  const program = buildProgram(never, () => {});
  const transcribe = program.commands.find((command) => command.name() === 'transcribe')!;
  for (const option of ['--format', '--output-dir', '--llm-weight', '--explain', '--no-vad', '--deadline', '--jobs']) {
    assert.ok(transcribe.helpInformation().includes(option), option);
  }
  for (const name of ['transcribe', 'models']) assert.ok(program.helpInformation().includes(name), name);
});
