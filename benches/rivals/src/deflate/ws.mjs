// Node.js's ws, for `ws.rs`: compresses each message and decompresses it again, by the package's own extension.
//
//   node ws.mjs FOLDER_OF_WS LEVEL
//
// Reads a JSON value a line. `{takeover, messages}` makes a connection and keeps the messages; a number does the
// work on the messages of that number, from 0. Each is answered with a line: `[compressed, decompressed]` in bytes.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [folder, level] = process.argv.slice(2);
const PerMessageDeflate = createRequire(import.meta.url)(`${folder}/lib/permessage-deflate.js`);

// Both ends of a connection on which this was agreed.
function connect(takeover) {
    // Anew for each end, which changes it.
    const agreed = () =>
        takeover ? {} : { server_no_context_takeover: [true], client_no_context_takeover: [true] };
    return [true, false].map((isServer) => {
        const end = new PerMessageDeflate({
            isServer,
            threshold: 0,
            zlibDeflateOptions: { level: Number(level) },
        });
        end.accept([agreed()]);
        return end;
    });
}

const call = (end, what, data) =>
    new Promise((resolve, reject) =>
        end[what](data, true, (error, result) => (error ? reject(error) : resolve(result))),
    );

const all = [];

async function run({ ends: [server, client], messages }, check) {
    let compressed = 0;
    let decompressed = 0;
    for (const message of messages) {
        const payload = await call(server, "compress", message);
        const back = await call(client, "decompress", payload);
        if (check && !back.equals(message)) throw new Error("something else came back");
        compressed += payload.length;
        decompressed += back.length;
    }
    return [compressed, decompressed];
}

for await (const line of createInterface({ input: process.stdin })) {
    const told = JSON.parse(line);
    let result;
    if (typeof told === "number") {
        result = await run(all[told], false);
    } else {
        const messages = told.messages.map((message) => Buffer.from(message));
        all.push({ ends: connect(told.takeover), messages });
        result = await run(all.at(-1), true);
    }
    console.log(JSON.stringify(result));
}
