// A loudspeaker in the corner of the desktop's page. Until it is pressed, nothing plays and nothing runs.
"use strict";
(() => {
    const RATE = 48000, FRAME = 4;
    const AHEAD = 0.1;  // seconds from a piece's arrival to its playing
    const MOST = 0.5;   // what is further behind the desktop than this is left out

    const button = document.createElement("button");
    button.id = "abcd-sound";
    button.tabIndex = -1;
    button.style.cssText = "position:fixed;top:0;right:0;z-index:100000;width:32px;height:28px;padding:0;" +
        "border:0;border-radius:0 0 0 8px;background:#0008;color:#fff;cursor:pointer";
    let stop = null;

    // A loudspeaker and what is beside it; fonts may have none.
    const picture = (beside) => '<svg width="18" height="18" viewBox="0 0 24 24" fill="none"' +
        ' stroke="currentColor" stroke-width="2" style="vertical-align:middle">' +
        `<path fill="currentColor" d="M3 9h4l5-4v14l-5-4H3z"/><path d="${beside}"/></svg>`;

    const show = () => {
        button.innerHTML = picture(stop ? "M15 9a4 4 0 0 1 0 6M17 6a8 8 0 0 1 0 12" : "M15 9l6 6M21 9l-6 6");
        button.title = stop ? "Sound off" : "Sound on";
        button.setAttribute("aria-pressed", String(Boolean(stop)));
    };

    // The buffer of some whole frames of samples.
    const buffer = (context, bytes) => {
        const samples = new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
        const made = context.createBuffer(2, samples.length / 2, RATE);
        for (const channel of [0, 1]) {
            const data = made.getChannelData(channel);
            for (let n = 0; n < data.length; n++) data[n] = samples[2 * n + channel] / 32768;
        }
        return made;
    };

    const play = async (context, signal) => {
        const answer = await fetch("/sound", {signal, cache: "no-store"});
        if (!answer.ok) throw new Error(answer.statusText);
        const reader = answer.body.getReader();
        let rest = new Uint8Array(0), next = 0;
        for (;;) {
            const {done, value} = await reader.read();
            if (done) return;
            const all = new Uint8Array(rest.length + value.length);
            all.set(rest);
            all.set(value, rest.length);
            const whole = all.length - all.length % FRAME;
            rest = all.slice(whole);
            const now = context.currentTime;
            if (!whole || next > now + MOST) continue;
            if (next < now) next = now + AHEAD;
            const source = context.createBufferSource();
            source.buffer = buffer(context, all.subarray(0, whole));
            source.connect(context.destination);
            source.start(next);
            next += source.buffer.duration;
        }
    };

    const press = async () => {
        if (stop) return stop.abort();
        const mine = stop = new AbortController();
        const context = new AudioContext({sampleRate: RATE});
        show();
        try {
            await play(context, mine.signal);
        } catch (error) {
            if (!mine.signal.aborted) console.warn("sound:", error);
        }
        context.close();
        stop = null;
        show();
    };

    // The keys stay the desktop's.
    button.addEventListener("mousedown", (event) => event.preventDefault());
    button.addEventListener("click", press);
    show();
    document.body.append(button);
})();
