// @ts-check
// command-line.mjs FOLDER THREADS: prints the outputs of its cases, float32 in base64, in Node and in Deno.
import { Buffer } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { runCases } from './run-cases.mjs';

const [folder, threads] = process.argv.slice(2);
const outputs = await runCases((file) => readFile(`${folder}/${file}`), Number(threads));
const engine = 'deno' in process.versions ? 'deno' : 'node';
console.log(JSON.stringify({ engine, outputs: Buffer.from(outputs).toString('base64') }));
