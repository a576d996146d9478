// Where compiled code is kept from one start to the next. Node compares what it finds there with the source by checksums that anybody
// can compute, so the folder must be this user's alone: one that is a link, of another user, or writable by others is not
// used, and then nothing is kept.
// Plain JavaScript: it runs before Node may strip types.
import { lstatSync, mkdirSync } from 'node:fs';
import { enableCompileCache } from 'node:module';

/** Makes each folder private where it is missing; tells whether all of them are this user's alone to write. */
export function isPrivate(folders) {
  try {
    for (const folder of folders) {
      try {
        mkdirSync(folder, { mode: 0o700 });
      } catch (error) {
        if (error.code !== 'EEXIST') throw error;
      }
      const stats = lstatSync(folder);
      const isOwn = process.getuid === undefined || stats.uid === process.getuid();
      if (!stats.isDirectory() || !isOwn || (stats.mode & 0o022) !== 0) return false;
    }
    return true;
  } catch {
    // A read-only disk, or packages that another user installed: a start takes longer, and nothing fails.
    return false;
  }
}

/** Keeps compiled code in the last of these folders, each inside the one before, unless NODE_COMPILE_CACHE already says where. */
export function keepCompiledCode(folders) {
  if (process.env.NODE_COMPILE_CACHE !== undefined || enableCompileCache === undefined || !isPrivate(folders))
    return;
  // Worker threads take it from the environment.
  process.env.NODE_COMPILE_CACHE = folders.at(-1);
  enableCompileCache(process.env.NODE_COMPILE_CACHE);
}
