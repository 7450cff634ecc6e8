// SPDX-License-Identifier: BSD-3-Clause
// What the parts of the schema are written with, and the parts.
#pragma once

#include <string>
#include <string_view>

#include "config/schema.h"

namespace lbd::config::parts {

using Shape = Field::Shape;
using Text = std::string;

Field value(Text key, Type type, Text fallback, Text documentation);
Field required(Text key, Type type, Text documentation);
// `without`: what happens if it is not given.
Field optional(Text key, Type type, Text without, Text documentation);
Field values(Text key, Type type, Text without, Text documentation);
Field required_values(Text key, Type type, Text documentation);
Field by_presence(Field section);  // without it, not even its defaults apply
Field with(Text key, Field field); // has an effect only where `key` is given, too
Field nested(Shape shape, Text key, const Section& section, Text documentation);

Type word_of(Text characters, std::size_t longest);
Type label();
Type interface_name();
bool is_graphic(char character);
// Graphic characters, at least one.
Type graphic(Text allowed, std::size_t longest);

const Section& port();
const Section& vrrp();
const Section& timeouts();
const Section& health();
const Section& service();
const Section& notify();        // a program
const Section& notifications(); // to whom all is told

} // namespace lbd::config::parts
