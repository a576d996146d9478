/** The files that `init` writes: a folder to run the sidecar from, apart from its checkout. */
import path from 'node:path';

/** What the files are written for; paths are absolute. */
export interface InitPlace {
  /** The folder that is made. */
  folder: string;
  /** The checkout, or installed package, whose program is run. */
  checkout: string;
  /** The Node that runs it. */
  node: string;
  user: string;
  uid: number;
  gid: number;
}

export interface InitFile {
  name: string;
  text: string;
  mode: number;
}

/** The user of the image, for a folder that root makes: the sidecar needs no root. */
const IMAGE_USER = 1000;

/** Gives every file of the folder; the key's is empty. */
export function initFiles(place: InitPlace): InitFile[] {
  return [
    { name: 'sidecar.config.json', text: configText(place), mode: 0o644 },
    { name: 'kling-api-key', text: '', mode: 0o600 },
    { name: 'kling-sidecar', text: launcher(place), mode: 0o755 },
    { name: 'kling-sidecar.service', text: serviceUnit(place), mode: 0o644 },
    { name: 'compose.yaml', text: composeFile(place), mode: 0o644 },
    {
      name: '.gitignore',
      text: 'kling-api-key\nslack-webhook\n*.key\ntls.*\ncontrol.token\ndata/\n',
      mode: 0o644,
    },
    { name: 'README.md', text: readme(place), mode: 0o644 },
  ];
}

function configText({ folder, checkout }: InitPlace): string {
  const schema = path.relative(folder, path.join(checkout, 'schema.json'));
  const config = {
    $schema: schema.startsWith('.') ? schema : `./${schema}`,
    mode: 'observe',
    upstream: { baseUrl: 'https://api-singapore.klingai.com' },
    budgets: [{ name: 'daily', credits: 1000, window: 'day', timeZone: 'UTC' }],
    alerts: { channels: [] },
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

/**
 * What Node is started with, the same in every command that starts it. The first flag keeps Node's debugger closed while the program
 * loads. The others limit how far Node's memory grows before it collects: by default to several times what is in use
 * (docs/decisions/014). Sizes in MiB, growth in percent of what is in use.
 */
export const NODE_FLAGS = '--disable-sigusr1 --max-semi-space-size=16 --initial-old-space-size=32';

/** Quotes a text for a shell. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function launcher({ checkout, node }: InitPlace): string {
  return `#!/bin/sh
# Runs kling-sidecar with this folder's config and key: ./kling-sidecar COMMAND
self=$(readlink -f -- "$0" 2>/dev/null || printf '%s' "$0")
here=$(CDPATH= cd -- "$(dirname -- "$self")" && pwd) || exit 1
# Without the file kling-api-key, credentials come from the environment or from auth.command.
if [ -f "$here/kling-api-key" ]; then
  : "\${KLING_API_KEY_FILE:=$here/kling-api-key}"
  export KLING_API_KEY_FILE
fi
exec ${shellQuoted(node)} ${NODE_FLAGS} ${shellQuoted(path.join(checkout, 'bin/kling-sidecar.js'))} \\
  --config "$here/sidecar.config.json" "$@"
`;
}

/** Quotes one word for systemd, where a percent sign begins a specifier. */
function unitQuoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, String.raw`\$&`).replaceAll('%', '%%')}"`;
}

/** The same in a command line, where a dollar sign begins a variable. */
function commandQuoted(text: string): string {
  return unitQuoted(text).replaceAll('$', '$$$$');
}

function serviceUnit({ folder, checkout, node, user }: InitPlace): string {
  // Homes are hidden from the service, unless it lives in one.
  const isAtHome = [folder, checkout, node].some((place) => /^\/(?:home|root|run\/user)\//.test(place));
  return `# systemd unit for this folder. Install it with
#   sudo cp kling-sidecar.service /etc/systemd/system/ && sudo systemctl enable --now kling-sidecar
[Unit]
Description=kling-sidecar
After=network-online.target
Wants=network-online.target

[Service]
User=${user}
WorkingDirectory=${folder.replaceAll('%', '%%')}
LoadCredential=${unitQuoted(`kling-api-key:${path.join(folder, 'kling-api-key')}`)}
Environment=KLING_API_KEY_FILE=%d/kling-api-key
ExecStart=${commandQuoted(node)} ${NODE_FLAGS} ${commandQuoted(path.join(checkout, 'bin/kling-sidecar.js'))} start
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
# Longer than listen.drainMs, so that creates in flight can finish.
TimeoutStopSec=35
# A core file would hold the key.
LimitCORE=0
NoNewPrivileges=true
ProtectSystem=strict
ProtectHome=${isAtHome ? 'read-only' : 'true'}
# Store and claims; the rest of the file system is read-only for the service.
ReadWritePaths=${unitQuoted(path.join(folder, 'data'))}
PrivateTmp=true

[Install]
WantedBy=multi-user.target
`;
}

/** Writes the compose file; `docs/run/compose.yaml` is the same for those who write it by hand. */
export function composeFile({ checkout, uid, gid }: Pick<InitPlace, 'checkout' | 'uid' | 'gid'>): string {
  const isRoot = uid === 0;
  const owner = isRoot ? `${IMAGE_USER}:${IMAGE_USER}` : `${uid}:${gid}`;
  const why = isRoot
    ? `# No root inside. Let the user own what it reads and writes: chown -R ${owner} kling-api-key data`
    : '# The user who owns this folder: the key stays readable by that user alone.';
  return `# The sidecar shares its app's network, so that http://127.0.0.1:5564 in the app is the data plane and nobody else's.
# Put your app's image in, then: docker compose up -d --build
services:
  app:
    image: my-app
    environment:
      KLING_BASE_URL: http://127.0.0.1:5564
  kling-sidecar:
    build: ${JSON.stringify(checkout)}
    image: kling-sidecar
    network_mode: service:app
    ${why}
    user: "${owner}"
    environment:
      KLING_SIDECAR_CONFIG: /config/sidecar.config.json
      KLING_API_KEY_FILE: /config/kling-api-key
    # The whole folder and not single files: an editor that replaces a file would leave the old one mounted.
    volumes:
      - .:/config:ro
      - ./data:/config/data
    # Longer than listen.drainMs, so that creates in flight can finish.
    stop_grace_period: 35s
    restart: unless-stopped
`;
}

function readme({ checkout }: InitPlace): string {
  return `# kling-sidecar, run from this folder

| file | |
| --- | --- |
| \`sidecar.config.json\` | the config; it starts in \`observe\`, which refuses nothing for money |
| \`kling-api-key\` | your API key, one line, readable by you alone |
| \`kling-sidecar\` | runs the program with this folder's config and key |
| \`data/\` | the store, the control token and claims: back it up with \`./kling-sidecar backup FILE\` |
| \`kling-sidecar.service\`, \`compose.yaml\` | the same for systemd and for Docker Compose; delete what you do not use |

    cat > kling-api-key              # paste the key, Enter, Ctrl-D
    ./kling-sidecar config check
    ./kling-sidecar start            # apps use http://127.0.0.1:5564 as their Kling base URL
    ./kling-sidecar status
    ./kling-sidecar reload           # after a change of the config or the key
    ./kling-sidecar stop

For keys of the mainland console (klingai.com/dev) set \`upstream.baseUrl\` to \`https://api-beijing.klingai.com\`. With an access key
and a secret key, delete \`kling-api-key\` and set \`KLING_ACCESS_KEY\` and \`KLING_SECRET_KEY_FILE\`.

Alerts go to Slack, for one, once its webhook's address is in a file and \`alerts.channels\` names it:

    (umask 077; cat > slack-webhook) # paste the address, Enter, Ctrl-D
    "alerts": { "channels": [{ "name": "ops", "type": "slack", "webhookUrlFile": "slack-webhook" }] }
    ./kling-sidecar reload && ./kling-sidecar alert test

The program is in \`${checkout}\`. To upgrade, run \`git pull && npm ci\` there and start again here; nothing in this folder changes.
All pages: \`${path.join(checkout, 'README.md')}\`.
`;
}
