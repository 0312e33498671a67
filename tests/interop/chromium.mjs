// Chromium without a window: the executable that CHROMIUM names, which trusts the certificate in the file
// that CERTIFICATE names, if it does.

import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
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

/**
 * What comes of it when the page of another server opens this WebSocket: 'open' or 'refused'. That server is
 * of this machine too: else the browser itself might refuse.
 */
export async function openFromElsewhere(browser, url) {
  const server = createServer((request, response) => response.end('elsewhere'));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const page = await browser.newPage();
  try {
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    return await page.evaluate(
      (url) =>
        new Promise((resolve) => {
          const socket = new WebSocket(url);
          socket.onopen = () => resolve('open');
          socket.onerror = () => resolve('refused');
        }),
      url,
    );
  } finally {
    await page.close();
    server.close();
    server.closeAllConnections();
  }
}
