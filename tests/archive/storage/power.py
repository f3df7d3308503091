"""A disk that loses power: what was not synced may be lost, or kept, at any step."""

from __future__ import annotations

from contextlib import contextmanager, suppress

from archive.storage.disk import Disk


class PowerCut(BaseException):
    """The machine is off. Nothing in the process handles this."""


class CutDisk(Disk):
    """Counts steps and cuts the power at one of them: before it (lost) or after it (kept).

    Changes of names that no `sync_directory` made durable are then taken back: links vanish, replacements
    show the old bytes again, removals come back. `forget` says which: all, none, or only the oldest one (a
    disk need not keep their order). Synced bytes stay.
    """

    def __init__(self, at=None, *, kept=False, forget="all"):
        self.at, self.kept, self.forget = at, kept, forget
        self.steps = 0
        self.off = False
        self.undo = []  # (directory, callable), newest last

    def _step(self, effect):
        if self.off:
            raise PowerCut
        self.steps += 1
        if self.steps == self.at:
            if self.kept:
                effect()
            self._cut()
        effect()

    def _cut(self):
        self.cut()
        raise PowerCut

    def cut(self):
        """The power goes now."""
        self.off = True
        lost = {"all": self.undo, "none": [], "oldest": self.undo[:1]}[self.forget]
        for _, back in reversed(lost):
            with suppress(OSError):  # a directory that has entries stays
                back()

    def make_directory(self, path):
        def effect():
            if not path.exists():
                self.undo.append((path.parent, lambda: path.exists() and path.rmdir()))
            Disk.make_directory(self, path)

        self._step(effect)

    @contextmanager
    def create(self, path, mode):
        self._step(lambda: None)
        with Disk.create(self, path, mode) as file:
            yield file
        self._step(lambda: None)

    def link(self, source, target):
        def effect():
            Disk.link(self, source, target)
            self.undo.append((target.parent, lambda: target.unlink(missing_ok=True)))

        self._step(effect)

    def replace(self, source, target):
        def effect():
            old = target.read_bytes() if target.exists() else None
            Disk.replace(self, source, target)

            def back():
                target.unlink(missing_ok=True)
                if old is not None:
                    target.write_bytes(old)

            self.undo.append((target.parent, back))

        self._step(effect)

    def remove(self, path):
        if self.off:
            return  # clean-up of a process that is no more
        existed = path.exists()
        if not existed:
            return

        def effect():
            old = path.read_bytes()
            Disk.remove(self, path)
            if path.parent.name != "parts":
                self.undo.append((path.parent, lambda: path.write_bytes(old)))

        self._step(effect)

    def sync_directory(self, path):
        def effect():
            Disk.sync_directory(self, path)
            self.undo = [(directory, back) for directory, back in self.undo if directory != path]

        self._step(effect)


def every_file(root):
    return sorted(str(path) for path in root.rglob("*") if path.is_file())
