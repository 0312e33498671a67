// Uses the echo server's page in Chromium, as a person does: node browser.mjs http://HOST:PORT/

import { deepStrictEqual as same, match } from 'node:assert';
import { exchange, launch, openTab } from './common.mjs';

const browser = await launch();
try {
  const errors = [];
  const page = await openTab(browser, 760, errors);

  const button = (name) => page.getByRole('button', { name, exact: true });
  const stateIs = (words) => page.getByRole('status').filter({ hasText: words }).waitFor();

  /** Clicks, and waits for the new entry in the log, which must be an identical echo. Returns its message. */
  async function click(name) {
    const entries = page.getByRole('log').locator('p');
    const before = await entries.count();
    await button(name).click();
    await entries.nth(before).waitFor(); // one more than before
    const verdict = entries.first().locator('.verdict');
    await verdict.and(page.locator('.good, .bad')).waitFor();
    match(await verdict.textContent(), /^identical, \d+\.\d ms$/);
    return entries.first().locator('.what').textContent();
  }

  await exchange('chromium: the page connects', async () => {
    await page.goto(process.argv[2]);
    await stateIs('Connected, compressed');
  });

  const texts = {
    'text with emoji': 'Hello, 🌍! 안녕하세요 👩‍👩‍👧',
    'text that looks like markup': '<b>bold</b> & <script>alert(1)</script>',
    '64 KiB of text': 'a' + '가'.repeat(21845),
  };
  for (const [name, text] of Object.entries(texts)) {
    await exchange(`chromium: ${name}`, async () => {
      await page.getByLabel('Message').fill(text);
      const what = await click('Send');
      same(what, text.length > 200 ? `${text.slice(0, 200)}… (${text.length} characters)` : text);
    });
  }

  const sizes = { '4 B': 4, '64 KiB': 65536, '1 MiB': 1048576 };
  for (const [name, size] of Object.entries(sizes)) {
    await exchange(`chromium: ${name} of binary`, async () => same(await click(name), `${size} bytes`));
  }

  await exchange('chromium: a size of choice', async () => {
    await page.getByLabel('Random bytes').fill('65535');
    same(await click('Send bytes'), '65535 bytes');
  });

  await exchange('chromium: closing handshake, and a new connection', async () => {
    await button('Disconnect').click();
    await stateIs('Closed (code 1000)');
    same(await button('Send').isDisabled(), true, 'Send is still enabled');
    await button('Reconnect').click();
    await stateIs('Connected');
    await page.getByLabel('Message').fill('Hello again, 🌍!');
    same(await click('Send'), 'Hello again, 🌍!');
  });

  await exchange('chromium: no errors on the console', async () => same(errors, []));
} finally {
  await browser.close();
}
