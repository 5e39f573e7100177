// Puts the last full run of the benchmark into the documents: npm run bench:plot -- [FILE]
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder } from '../../program.ts';
import { readResult } from '../result.ts';
import { publish } from './documents.ts';

const path = process.argv[2] ?? join(projectFolder, 'bench.json');
if (!existsSync(path)) throw new Error(`expected ${path}: run npm run bench`);
publish(readResult(path));
