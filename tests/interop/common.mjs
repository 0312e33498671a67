// What the clients in JavaScript share: their report, and Chromium without a window.

import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

/** Runs an exchange, which throws if the answer is wrong. Prints "ok NAME" or "FAILED NAME: why". */
export async function exchange(name, run) {
  let timer;
  const timeout = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), 30_000);
  });
  try {
    await Promise.race([run(), timeout]);
    console.log(`ok ${name}`);
  } catch (error) {
    console.log(`FAILED ${name}: ${String(error.message).split('\n', 1)[0]}`);
    process.exitCode = 1;
  } finally {
    clearTimeout(timer);
  }
}

/** Starts the executable that CHROMIUM names. It trusts the certificate in the file CERTIFICATE, if set. */
export function launch() {
  const features = ['background-networking', 'component-update', 'gpu', 'quic', 'sync'];
  const args = ['--headless', '--no-sandbox', '--no-first-run', ...features.map((name) => `--disable-${name}`)];
  const { CHROMIUM, CERTIFICATE } = process.env;
  if (CERTIFICATE) {
    const { publicKey } = new X509Certificate(readFileSync(CERTIFICATE));
    const key = publicKey.export({ type: 'spki', format: 'der' });
    const hash = createHash('sha256').update(key).digest('base64');
    args.push(`--ignore-certificate-errors-spki-list=${hash}`); // of this key, and of no other
  }
  return chromium.launch({ executablePath: CHROMIUM, args });
}

/** Opens a tab. Its errors are added to the list. */
export async function openTab(browser, height, errors) {
  const page = await browser.newPage({ viewport: { width: 800, height } });
  page.setDefaultTimeout(20_000);
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  return page;
}
