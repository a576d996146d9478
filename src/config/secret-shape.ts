/** The forms of secrets of known kinds, under any key. */

/**
 * Webhook secrets, Slack tokens, addresses of chats' webhooks (everybody who knows one may post), provider keys, JWTs, PEM keys,
 * addresses with a password in them.
 */
const SECRET_SHAPES = [
  /\bwhsec_/,
  /\bxox[a-z]-/,
  /\bhooks\.slack(?:-gov)?\.com\//,
  /\bdiscord(?:app)?\.com\/api\/(?:v\d+\/)?webhooks\//,
  /\bopen\.(?:feishu\.cn|larksuite\.com)\/open-apis\/bot\//,
  /[?&](?:access_token|sig)=/,
  /(?:^|[^A-Za-z0-9_-])sk-[A-Za-z0-9_-]{8,}/,
  /\beyJ[\w-]{4,}\.[\w-]+/,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  /:\/\/[^/\s"@]*:[^/\s"@]+@/,
];

/** Returns whether a text has the form of a secret of a known kind. */
export function looksSecret(text: string): boolean {
  return SECRET_SHAPES.some((shape) => shape.test(text));
}
