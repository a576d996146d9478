/** Ways to write a path that some server would take for another one: one named mutation each. */

export interface Mutation {
  name: string;
  /** Makes a mutated target of a path; `pick` chooses places in it, from 0 to 1. */
  make: (path: string, pick: number) => string;
}

const at = (path: string, pick: number): number => 1 + Math.floor(pick * (path.length - 1));
const insert = (text: string) => (path: string, pick: number) => {
  const index = at(path, pick);
  return path.slice(0, index) + text + path.slice(index);
};
/** Puts text in place of one of the slashes behind the first. */
const slash = (text: string) => (path: string, pick: number) => {
  const slashes = [...path.matchAll(/\//g)].map((match) => match.index).slice(1);
  const index = slashes[Math.floor(pick * slashes.length)] ?? 0;
  return path.slice(0, index) + text + path.slice(index + 1);
};
const escape = (path: string, pick: number, upper = false): string => {
  const index = at(path, Math.min(pick, 0.999));
  const hex = path.charCodeAt(index).toString(16).padStart(2, '0');
  return `${path.slice(0, index)}%${upper ? hex.toUpperCase() : hex}${path.slice(index + 1)}`;
};
const change = (path: string, pick: number, how: (char: string) => string): string => {
  const index = at(path, Math.min(pick, 0.999));
  return path.slice(0, index) + how(path.charAt(index)) + path.slice(index + 1);
};
const utf8 = (text: string): string => Buffer.from(text).toString('latin1');

export const MUTATIONS: readonly Mutation[] = [
  { name: 'a slash at the end', make: (path) => `${path}/` },
  { name: 'two slashes at the end', make: (path) => `${path}//` },
  { name: 'two slashes at the start', make: (path) => `/${path}` },
  { name: 'three slashes at the start', make: (path) => `//${path}` },
  { name: 'no slash at the start', make: (path) => path.slice(1) },
  { name: 'a doubled slash inside', make: slash('//') },
  { name: 'a backslash for a slash', make: slash('\\') },
  { name: 'a slash and a backslash', make: slash('/\\') },
  { name: 'a backslash at the start', make: (path) => `\\${path.slice(1)}` },
  { name: 'a backslash behind the first slash', make: (path) => `/\\${path.slice(1)}` },
  { name: 'an escaped slash', make: slash('%2F') },
  { name: 'an escaped slash in lower case', make: slash('%2f') },
  { name: 'a slash escaped twice', make: slash('%252F') },
  { name: 'an escaped backslash', make: slash('%5C') },
  { name: 'an overlong slash', make: slash('%c0%af') },
  { name: 'a fullwidth slash', make: slash(utf8('／')) },
  { name: 'a division slash', make: slash(utf8('∕')) },
  { name: 'a dot segment', make: slash('/./') },
  { name: 'a dot segment at the end', make: (path) => `${path}/.` },
  { name: 'a parent segment', make: slash('/x/../') },
  { name: 'a parent segment at the end', make: (path) => `${path}/x/..` },
  { name: 'a parent segment at the start', make: (path) => `/..${path}` },
  { name: 'an escaped dot segment', make: slash('/%2e/') },
  { name: 'an escaped parent segment', make: slash('/x/%2e%2e/') },
  { name: 'half an escaped parent segment', make: slash('/x/.%2E/') },
  { name: 'a parent segment with a parameter', make: slash('/x/..;/') },
  { name: 'a parameter', make: (path) => `${path};v=1` },
  { name: 'a parameter inside', make: slash(';a=b/') },
  { name: 'a session parameter', make: (path) => `${path};jsessionid=1` },
  { name: 'an escaped letter', make: (path, pick) => escape(path, pick) },
  { name: 'an escaped letter in upper case', make: (path, pick) => escape(path, pick, true) },
  { name: 'a letter escaped twice', make: (path, pick) => escape(path, pick).replace('%', '%25') },
  {
    name: 'a unicode escape',
    make: (path, pick) => change(path, pick, (char) => `%u00${char.charCodeAt(0).toString(16)}`),
  },
  { name: 'a bare percent sign', make: insert('%') },
  { name: 'an escape cut short', make: (path) => `${path}%2` },
  { name: 'an escaped NUL', make: insert('%00') },
  { name: 'an escaped NUL at the end', make: (path) => `${path}%00` },
  { name: 'an escaped line end', make: (path) => `${path}%0d%0aX-A:%20b` },
  { name: 'an escaped tab', make: insert('%09') },
  { name: 'an escaped space', make: (path) => `${path}%20` },
  { name: 'a raw tab', make: insert('\t') },
  { name: 'a raw tab at the start', make: (path) => `/\t${path}` },
  { name: 'a plus sign', make: (path) => `${path}+` },
  { name: 'a fragment', make: (path) => `${path}#a` },
  { name: 'a fragment inside', make: insert('#') },
  { name: 'an escaped fragment', make: (path) => `${path}%23` },
  { name: 'an escaped question mark', make: (path) => `${path}%3Fa` },
  { name: 'a query', make: (path) => `${path}?duration=10` },
  { name: 'a query with two marks', make: (path) => `${path}??mode=pro` },
  { name: 'a query with a fragment', make: (path) => `${path}?a=b#c` },
  { name: 'upper case', make: (path, pick) => change(path, pick, (char) => char.toUpperCase()) },
  { name: 'all upper case', make: (path) => path.toUpperCase() },
  {
    name: 'a fullwidth letter',
    make: (path, pick) =>
      change(path, pick, (char) =>
        /[a-z]/.test(char) ? utf8(String.fromCharCode(char.charCodeAt(0) + 0xfee0)) : `${char}\u00ad`,
      ),
  },
  {
    name: 'a dotless i, a long s or a Kelvin sign',
    make: (path) => path.replace(/[isk]/, (char) => utf8({ i: 'ı', s: 'ſ', k: 'K' }[char] ?? '')),
  },
  { name: 'a zero-width space', make: insert(utf8('\u200b')) },
  { name: 'a byte over 0x7f', make: insert('\x80') },
  { name: 'a byte order mark', make: (path) => utf8('\ufeff') + path },
  { name: 'the absolute form', make: (path) => `http://api-singapore.klingai.com${path}` },
  { name: 'the absolute form of this host', make: (path) => `http://127.0.0.1${path}` },
  { name: 'the absolute form with a user', make: (path) => `http://127.0.0.1@evil.example${path}` },
  { name: 'the absolute form of a metadata host', make: (path) => `http://169.254.169.254${path}` },
  { name: 'a scheme without slashes', make: (path) => `http:${path}` },
  { name: 'a file scheme', make: (path) => `file://${path}` },
  { name: 'a host in front', make: (path) => `//evil.example${path}` },
  { name: 'a host behind a slash and a backslash', make: (path) => `/\\evil.example${path}` },
  { name: 'a user in front', make: (path) => `/@evil.example${path}` },
  { name: 'the authority form', make: () => 'evil.example:443' },
  { name: 'the asterisk form', make: () => '*' },
  { name: 'a quote', make: (path) => `${path}"` },
  { name: 'an angle bracket', make: (path) => `${path}<` },
  { name: 'braces', make: (path) => `${path}/{id}` },
  { name: 'a bar', make: (path) => `${path}|` },
  { name: 'a comma and a colon', make: (path) => `${path},x:1` },
  { name: 'a name of a file', make: (path) => `${path}.json` },
  { name: 'a tilde', make: (path) => `${path}~` },
  { name: 'one segment more', make: (path) => `${path}/x` },
  { name: 'a letter less', make: (path) => path.slice(0, -1) },
  { name: 'a letter more', make: (path) => `${path}s` },
  { name: 'another version', make: (path) => path.replace(/^\/v1/, '/v2').replace(/^\/(?!v)/, '/v1/') },
  { name: 'the same path twice', make: (path) => path + path },
];
