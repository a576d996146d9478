// Runs after npm has installed the packages: drops the C headers of the project's own Node, 67 MB that only compilers
// read. Nothing here is compiled. Without that package, as in the image, there is nothing to drop.
import { existsSync, readdirSync, rmSync } from 'node:fs';

const packages = 'node_modules/node/node_modules';
for (const name of existsSync(packages) ? readdirSync(packages) : []) {
  rmSync(`${packages}/${name}/include`, { recursive: true, force: true });
}
