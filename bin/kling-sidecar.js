#!/usr/bin/env node
// Checks Node's version before anything else is loaded: older ones cannot read what follows, and SQLite's driver
// ends them with a segmentation fault. Plain JavaScript that any Node since 14 can parse.
// SIGUSR1 would open Node's debugger to anybody on this machine, also while the rest is still loading; src/main.ts closes
// what else signals can make Node show.
process.on('SIGUSR1', () => {});

const wanted = [22, 19];
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < wanted[0] || (major === wanted[0] && minor < wanted[1])) {
  process.stderr.write(
    'kling-sidecar needs Node ' +
      wanted.join('.') +
      ' or newer, and this is ' +
      process.versions.node +
      ' (' +
      process.execPath +
      ').\nFrom a checkout run it with npm, which brings its own Node 24: ' +
      'npm run -s kling-sidecar -- COMMAND\n',
  );
  process.exitCode = 2;
} else {
  // Compiled code is kept beside the packages: a later start takes half the CPU of the first.
  const { keepCompiledCode } = await import('./compile-cache.js');
  const { fileURLToPath } = await import('node:url');
  const cache = fileURLToPath(new URL('../node_modules/.cache', import.meta.url));
  keepCompiledCode([cache, `${cache}/kling-sidecar`]);
  await import('../src/main.ts');
}
