// How the clients in JavaScript report: one line for each exchange, "ok …" or "FAILED …: why".

const TIME_LIMIT = 30_000; // milliseconds

/** Runs an exchange, which throws if something else came back than was expected. */
export async function exchange(name, run) {
  let timer;
  const timeout = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), TIME_LIMIT);
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
