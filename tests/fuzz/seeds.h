// SPDX-License-Identifier: BSD-3-Clause
// Writes inputs as the targets read them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace lbd::fuzz {

class Seed {
  public:
    Seed& byte(unsigned value) {
        bytes_.push_back(static_cast<std::uint8_t>(value));
        return *this;
    }
    Seed& two(unsigned value) { return byte(value >> 8).byte(value); }
    Seed& four(std::uint32_t value) { return two(value >> 16).two(value & 0xffff); }
    Seed& add(std::span<const std::uint8_t> bytes) {
        bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
        return *this;
    }
    std::size_t size() const { return bytes_.size(); }
    const std::vector<std::uint8_t>& bytes() const { return bytes_; }

    // As CORPUS/`target`/`name`.
    void write(const std::filesystem::path& corpus, const std::string& target,
               const std::string& name) const {
        std::filesystem::create_directories(corpus / target);
        std::ofstream file(corpus / target / name, std::ios::binary);
        file.write(reinterpret_cast<const char*>(bytes_.data()),
                   static_cast<std::streamsize>(bytes_.size()));
        if (!file)
            throw std::runtime_error((corpus / target / name).string() + ": cannot be written");
    }

  private:
    std::vector<std::uint8_t> bytes_;
};

void write_packets(const std::filesystem::path& corpus);

} // namespace lbd::fuzz
