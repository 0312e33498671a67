// Chromium without a window: the executable that CHROMIUM names, which trusts the certificate in the file
// that CERTIFICATE names, if it does.

import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

/** Starts it. */
export function launch() {
  const args = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ];
  const { CHROMIUM, CERTIFICATE } = process.env;
  if (CERTIFICATE) {
    const { publicKey } = new X509Certificate(readFileSync(CERTIFICATE));
    const key = publicKey.export({ type: 'spki', format: 'der' });
    const hash = createHash('sha256').update(key).digest('base64');
    args.push(`--ignore-certificate-errors-spki-list=${hash}`); // of this key, and of no other
  }
  return chromium.launch({ executablePath: CHROMIUM, args });
}
