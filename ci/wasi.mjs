// Runs a program for WASI, with the whole file system, under Node.js: node ci/wasi.mjs PROGRAM [ARGUMENT…]
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { WASI } from 'node:wasi';

const args = process.argv.slice(2);
const wasi = new WASI({
    version: 'preview1',
    args,
    env: process.env,
    preopens: { '/': '/' },
    returnOnExit: true,
});
const program = await WebAssembly.compile(await readFile(args[0]));
process.exitCode = wasi.start(await WebAssembly.instantiate(program, wasi.getImportObject()));
