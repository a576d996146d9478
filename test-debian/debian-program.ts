import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/**
 * Gives the path of a program from a Debian package.
 * @throws Error naming the package where it is not installed: these suites fail rather than pass unrun.
 */
export function debianProgram(name: string, debianPackage: string): string {
  for (const folder of (process.env['PATH'] ?? '').split(':').concat('/usr/bin', '/usr/sbin')) {
    try {
      const path = join(folder, name);
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  throw new Error(`${name} is not installed, and this suite needs it: apt-get install ${debianPackage}`);
}
