"""A faster-whisper that answers on standard input and output, so that a bench can take turns with it.

One JSON object per line in: {"file": path, "lang": "zh"}; one per line out: {"file", "text", "seconds", "segments",
"audio_seconds", "cpu_seconds"}. The first line out says that the model is loaded: {"ready": true, "load_seconds", "versions"}.
"seconds" is the wall-clock time of one clip, decoding of the file included and loading of the model left out.
"""

import argparse
import json
import os
import platform
import resource
import sys
import time


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True, help="folder with model.bin, config.json, tokenizer.json, vocabulary.txt")
    parser.add_argument("--compute-type", default="float32", choices=["float32", "int8"])
    parser.add_argument("--beam-size", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--previous-text", action="store_true", help="condition on previous text across windows")
    parser.add_argument("--no-fallback", action="store_true", help="temperature 0 only, never the ladder")
    parser.add_argument("--without-timestamps", action="store_true")
    return parser.parse_args()


def say(value: dict) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def main() -> None:
    args = parse()
    start = time.perf_counter()
    os.environ["OMP_NUM_THREADS"] = str(args.threads)
    import ctranslate2
    import faster_whisper

    ctranslate2.set_random_seed(0)
    model = faster_whisper.WhisperModel(
        args.model, device="cpu", compute_type=args.compute_type, cpu_threads=args.threads, num_workers=1
    )
    say({
        "ready": True,
        "load_seconds": time.perf_counter() - start,
        "versions": {
            "faster-whisper": faster_whisper.__version__,
            "ctranslate2": ctranslate2.__version__,
            "python": platform.python_version(),
        },
    })
    temperature = 0.0 if args.no_fallback else [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    for line in sys.stdin:
        if not line.strip():
            continue
        job = json.loads(line)
        try:
            cpu = time.process_time()
            began = time.perf_counter()
            segments, info = model.transcribe(
                job["file"],
                language=job["lang"],
                beam_size=args.beam_size,
                vad_filter=False,
                condition_on_previous_text=args.previous_text,
                temperature=temperature,
                without_timestamps=args.without_timestamps,
            )
            parts = [
                {"start": s.start, "end": s.end, "text": s.text, "avg_logprob": s.avg_logprob, "temperature": s.temperature}
                for s in segments
            ]
            say({
                "file": job["file"],
                "text": "".join(p["text"] for p in parts).strip(),
                "seconds": time.perf_counter() - began,
                "cpu_seconds": time.process_time() - cpu,
                "audio_seconds": info.duration,
                "segments": parts,
                "max_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            })
        except Exception as error:  # one bad clip must not end the run
            say({"file": job.get("file"), "error": f"{type(error).__name__}: {error}"})


main()
