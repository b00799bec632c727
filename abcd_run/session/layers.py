"""The layers of the variants in the local store, and which other variants have them too."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from abcd_run.host import xdg
from abcd_run.model import Origin, Source
from abcd_run.oci.store import Store


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer, its size in bytes as stored, and the other variants that have it."""

    digest: str
    size: int
    shared_with: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VariantLayers:
    """The layers of a variant, the lowest first."""

    layers: tuple[Layer, ...]

    @property
    def shared(self) -> int:
        """The bytes of the layers that other variants have too."""
        return sum(one.size for one in self.layers if one.shared_with)

    @property
    def own(self) -> int:
        """The bytes of the layers that no other variant has."""
        return sum(one.size for one in self.layers if not one.shared_with)

    @property
    def shared_with(self) -> tuple[str, ...]:
        """The other variants that have some of them."""
        return tuple(dict.fromkeys(name for one in self.layers for name in one.shared_with))


def stored(sources: Mapping[str, Source]) -> dict[str, VariantLayers]:
    """Return the layers of those of these variants that are in the store, by name."""
    store = Store(xdg.store())
    layers_of = {
        name: layers for name, source in sources.items() if (layers := _of(store, name, source))
    }
    return compared(layers_of)


def compared(layers_of: Mapping[str, tuple[Layer, ...]]) -> dict[str, VariantLayers]:
    """Return variants' layers, each with the others that have it."""
    having: dict[str, list[str]] = {}
    for name, layers in layers_of.items():
        for digest in dict.fromkeys(one.digest for one in layers):
            having.setdefault(digest, []).append(name)

    def others(name: str, layer: Layer) -> Layer:
        return replace(layer, shared_with=tuple(one for one in having[layer.digest] if one != name))

    return {
        name: VariantLayers(tuple(others(name, one) for one in layers))
        for name, layers in layers_of.items()
    }


def _of(store: Store, name: str, source: Source) -> tuple[Layer, ...]:
    """Return the layers of a variant; none if it is not in the store.

    A variant whose recipe has changed since is there too, as it was.
    """
    place = source.location if source.origin is Origin.STORE else name
    image = store.resolve(f"localhost/{place}:latest")
    blobs = [one.blob for one in image.layers] if image else []
    return tuple({one.digest: Layer(one.digest, one.size) for one in blobs}.values())
