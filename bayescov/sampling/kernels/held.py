"""Named tuples of arrays handed to a block as one pointer each, and read by name.

By value, numba hands over every pointer, size and stride of every array as an argument of its own, hundreds of them, and
taking them apart again cost more than compiling what a block does.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.imputils import impl_ret_borrowed, lower_getattr_generic
from numba.core.typing.templates import AttributeTemplate, infer_getattr
from numba.extending import intrinsic, models, register_model


class Held(types.Type):
    """The type of a pointer to a named tuple that somebody else keeps alive."""

    def __init__(self, content):
        self.content = content
        super().__init__(name=f"Held({content.name})")


@register_model(Held)
class HeldModel(models.PrimitiveModel):
    """An untyped pointer."""

    def __init__(self, manager, held):
        super().__init__(manager, held, ir.PointerType(ir.IntType(8)))


@infer_getattr
class HeldFields(AttributeTemplate):
    """A held tuple has the fields of its content."""

    key = Held

    def generic_resolve(self, held, field):  # type: ignore[override]
        """Type of a field; None where there is none of that name."""
        content = held.content
        return content[content.fields.index(field)] if field in content.fields else None


@lower_getattr_generic(Held)
def read_field(context, builder, held, pointer, field):
    """Load one field."""
    content, position = held.content, held.content.fields.index(field)
    model = context.data_model_manager[content]
    typed = builder.bitcast(pointer, model.get_data_type().as_pointer())
    place = cgutils.gep_inbounds(builder, typed, 0, position)
    value = context.data_model_manager[content[position]].load_from_data_pointer(builder, place)
    return impl_ret_borrowed(context, builder, content[position], value)


def _hold(typing, content):
    """A pointer to a named tuple, valid as long as the function that asks for it runs."""

    def generate(context, builder, signature, values):
        model = context.data_model_manager[content]
        place = cgutils.alloca_once(builder, model.get_data_type())
        builder.store(model.as_data(builder, values[0]), place)
        return builder.bitcast(place, ir.PointerType(ir.IntType(8)))

    return Held(content)(content), generate


hold: Any = intrinsic(_hold)
