"""A RapidOCR that answers on standard input and output, so that a bench can take turns with it.

One JSON object per line in: {"file": path, "detect": bool}; one per line out: {"file", "text", "lines", "seconds"}, or
{"file", "error"}. The first line out says that the models are loaded: {"ready": true, "load_seconds", "versions"}.
"seconds" is the wall-clock time of one image, decoding of the file included and loading of the models left out.
"""

import argparse
import json
import platform
import resource
import sys
import time
from importlib.metadata import version


def say(value: dict) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    start = time.perf_counter()
    import cv2
    import numpy
    from rapidocr import RapidOCR

    cv2.setNumThreads(args.threads)
    engine = RapidOCR(
        params={
            "Global.log_level": "critical",
            "EngineConfig.onnxruntime.intra_op_num_threads": args.threads,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )
    # Its models are loaded by the first image that needs them.
    blank = numpy.full((120, 400, 3), 255, dtype=numpy.uint8)
    cv2.putText(blank, "ready", (20, 80), cv2.FONT_HERSHEY_SIMPLEX, 2, (0, 0, 0), 4)
    engine(blank)
    say({
        "ready": True,
        "load_seconds": time.perf_counter() - start,
        "versions": {
            "rapidocr": version("rapidocr"),
            "onnxruntime": version("onnxruntime"),
            "python": platform.python_version(),
        },
    })
    for question in sys.stdin:
        if not question.strip():
            continue
        job = json.loads(question)
        try:
            cpu = time.process_time()
            began = time.perf_counter()
            result = engine(job["file"], use_det=job["detect"])
            lines = list(getattr(result, "txts", None) or [])
            say({
                "file": job["file"],
                "text": "\n".join(lines),
                "lines": len(lines),
                "seconds": time.perf_counter() - began,
                "cpu_seconds": time.process_time() - cpu,
                "max_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            })
        except Exception as error:  # one bad image must not end the run
            say({"file": job.get("file"), "error": f"{type(error).__name__}: {error}"})


main()
