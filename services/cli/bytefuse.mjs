#!/usr/bin/env node
/** The `bytefuse` command. An installed package brings dist; a linked clone is set up first. */
import { existsSync } from 'node:fs';

const inClone = existsSync(new URL('../../tsconfig.json', import.meta.url));
await import(inClone ? './start.mjs' : '../../dist/services/cli/main.js');
