// Records song and hits apart, on the sound card's clock, and finds what each
// sample-long impulse of the song has beside it. For `impulses.py`.
globalThis.impulses = {
  async start(session) {
    await session.player.play();
    const { context, song, hits } = session.player.buses;
    const worklet = `registerProcessor("tape", class extends AudioWorkletProcessor {
      process([song, hits]) {
        const loud = [];
        [song, hits].forEach((input, track) => {
          input.forEach((channel, side) => channel.forEach((value, i) => {
            if (Math.abs(value) > 0.02) loud.push([track, currentFrame + i, side, value]);
          }));
        });
        if (loud.length) this.port.postMessage(loud);
        return true;
      }
    });`;
    await context.audioWorklet.addModule(URL.createObjectURL(new Blob([worklet], { type: "text/javascript" })));
    const node = new AudioWorkletNode(context, "tape", { numberOfInputs: 2 });
    this.loud = [];
    node.port.onmessage = ({ data }) => this.loud.push(...data);
    song.connect(node, 0, 0);
    hits.connect(node, 0, 1);
    node.connect(context.destination);
    this.began = context.currentTime;
  },

  // Keep the main thread busy for `busy` ms of every `every` ms.
  jank(busy, every) {
    clearInterval(this.timer);
    if (!busy) return;
    this.timer = setInterval(() => {
      const end = performance.now() + busy;
      while (performance.now() < end);
    }, every);
  },

  // First samples of what is loud on one side after a silence of `gap` samples.
  attacks(track, gap, side = 0) {
    const own = this.loud.filter((item) => item[0] === track && item[2] === side);
    const frames = own.map((item) => item[1]);
    return frames.filter((frame, i) => !i || frame - frames[i - 1] > gap);
  },

  // Peaks of what is loud on one side, over what sounds less than `gap` samples apart.
  heights(track, gap, side = 0) {
    const own = this.loud.filter((item) => item[0] === track && item[2] === side);
    const peaks = [];
    own.forEach(([, frame, , value], i) => {
      if (!i || frame - own[i - 1][1] > gap) peaks.push(0);
      peaks.push(Math.max(peaks.pop(), Math.abs(value)));
    });
    return peaks;
  },

  // A control: clicks started when an animation frame sees that they are due.
  late(session, times) {
    const { context, hits } = session.player.buses;
    const buffer = context.createBuffer(1, 64, 44100);
    buffer.getChannelData(0)[0] = 1;
    const waiting = times.filter((time) => time > session.player.position);
    const look = () => {
      while (waiting.length && session.player.position >= waiting[0]) {
        waiting.shift();
        const node = new AudioBufferSourceNode(context, { buffer });
        node.connect(hits);
        node.start();
      }
      if (waiting.length) requestAnimationFrame(look);
    };
    look();
  },
};
