#include "lifted/formats/video.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>
}

#include <algorithm>
#include <cmath>
#include <cstring>
#include <mutex>

#include "lifted/base/error.h"
#include "lifted/formats/image_ops.h"
#include "lifted/formats/random_access_file.h"

namespace lifted::formats {
namespace {

// What a stranger's file may make this program run.
constexpr const char* kContainers = "mov,matroska,avi,gif";
constexpr const char* kCodecs =
    "h264,hevc,mpeg4,mjpeg,vp8,vp9,libvpx,libvpx-vp9,av1,libdav1d,libaom-av1,gif,png,rawvideo";
constexpr int kIoBuffer = 1 << 16;

std::string video_error(int code) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(code, text, sizeof text);
  return text;
}

/// A file as FFmpeg reads it; no name reaches FFmpeg, so that none can mean a protocol.
struct FileStream {
  explicit FileStream(const std::filesystem::path& path) : file(path) {}

  static int read(void* opaque, uint8_t* to, int wanted) {
    auto& self = *static_cast<FileStream*>(opaque);
    const uint64_t count = std::min<uint64_t>(static_cast<uint64_t>(wanted), self.file.size() - self.position);
    if (count == 0) return AVERROR_EOF;
    try {
      const Bytes bytes = self.file.read(self.position, count);
      std::memcpy(to, bytes.data(), count);
    } catch (const std::exception&) {
      return AVERROR(EIO);
    }
    self.position += count;
    return static_cast<int>(count);
  }
  static int64_t seek(void* opaque, int64_t offset, int whence) {
    auto& self = *static_cast<FileStream*>(opaque);
    const auto size = static_cast<int64_t>(self.file.size());
    if (whence & AVSEEK_SIZE) return size;
    if (whence == SEEK_CUR) offset += static_cast<int64_t>(self.position);
    if (whence == SEEK_END) offset += size;
    if (offset < 0 || offset > size) return AVERROR(EINVAL);
    self.position = static_cast<uint64_t>(offset);
    return offset;
  }

  RandomAccessFile file;
  uint64_t position = 0;
};

struct IoDeleter {
  void operator()(AVIOContext* io) const {
    av_freep(&io->buffer);
    avio_context_free(&io);
  }
};
struct DemuxerDeleter {
  void operator()(AVFormatContext* demuxer) const { avformat_close_input(&demuxer); }
};
struct DecoderDeleter {
  void operator()(AVCodecContext* decoder) const { avcodec_free_context(&decoder); }
};
struct ReadPacketDeleter {
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};
struct ReadFrameDeleter {
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};
struct ScalerDeleter {
  void operator()(SwsContext* scaler) const { sws_freeContext(scaler); }
};

/// As EXIF names the quarter turns.
int orientation_of(const AVStream& stream) {
  size_t size = 0;
  const uint8_t* matrix = av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
  if (!matrix || size < 9 * sizeof(int32_t)) return 1;
  int32_t values[9];
  std::memcpy(values, matrix, sizeof values);
  const double counterclockwise = av_display_rotation_get(values);
  if (!std::isfinite(counterclockwise)) return 1;
  constexpr int kOrientations[] = {1, 8, 3, 6};
  return kOrientations[(std::lround(counterclockwise / 90) % 4 + 4) % 4];
}

}  // namespace

struct VideoReader::State {
  State(const std::filesystem::path& path, int64_t max_pixels) : source(path), most_pixels(max_pixels) {}

  void check(int code) const { require(code >= 0, "{}: cannot be read as a video: {}", name(), video_error(code)); }
  const std::string& name() const { return source.file.name(); }
  void open_container();
  void open_decoder();
  bool decode();
  Image picture();

  FileStream source;
  int64_t most_pixels;
  std::unique_ptr<AVIOContext, IoDeleter> io;
  std::unique_ptr<AVFormatContext, DemuxerDeleter> demuxer;
  std::unique_ptr<AVCodecContext, DecoderDeleter> decoder;
  std::unique_ptr<AVPacket, ReadPacketDeleter> packet{av_packet_alloc()};
  std::unique_ptr<AVFrame, ReadFrameDeleter> frame{av_frame_alloc()};
  std::unique_ptr<SwsContext, ScalerDeleter> scaler;
  AVStream* stream = nullptr;
  int orientation = 1;
  int64_t frames = 0;
  bool at_end = false;
};

void VideoReader::State::open_container() {
  auto* buffer = static_cast<unsigned char*>(av_malloc(kIoBuffer));
  io.reset(avio_alloc_context(buffer, kIoBuffer, 0, &source, FileStream::read, nullptr, FileStream::seek));
  AVFormatContext* context = avformat_alloc_context();
  require(context && io, "{}: out of memory", name());
  context->pb = io.get();
  AVDictionary* options = nullptr;
  av_dict_set(&options, "format_whitelist", kContainers, 0);
  av_dict_set(&options, "codec_whitelist", kCodecs, 0);
  av_dict_set(&options, "protocol_whitelist", "none", 0);
  const int opened = avformat_open_input(&context, "", nullptr, &options);  // frees the context where it fails
  av_dict_free(&options);
  check(opened);
  demuxer.reset(context);
  check(avformat_find_stream_info(demuxer.get(), nullptr));
}

void VideoReader::State::open_decoder() {
  const int index = av_find_best_stream(demuxer.get(), AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
  require(index >= 0, "{}: has no video track", name());
  for (unsigned i = 0; i < demuxer->nb_streams; ++i)
    if (static_cast<int>(i) != index) demuxer->streams[i]->discard = AVDISCARD_ALL;
  stream = demuxer->streams[index];
  const AVCodec* codec = avcodec_find_decoder(stream->codecpar->codec_id);
  require(codec != nullptr, "{}: no decoder for its pictures ({})", name(),
          avcodec_get_name(stream->codecpar->codec_id));
  decoder.reset(avcodec_alloc_context3(codec));
  check(avcodec_parameters_to_context(decoder.get(), stream->codecpar));
  decoder->max_pixels = most_pixels;
  decoder->thread_count = 1;
  av_opt_set(decoder.get(), "codec_whitelist", kCodecs, 0);
  check(avcodec_open2(decoder.get(), codec, nullptr));
  orientation = orientation_of(*stream);
}

/// The next frame; false after the last.
bool VideoReader::State::decode() {
  const auto check_frame = [&](int code) {
    require(code >= 0, "{}: frame {} cannot be decoded: {}", name(), frames, video_error(code));
  };
  while (true) {
    const int received = avcodec_receive_frame(decoder.get(), frame.get());
    if (received == AVERROR_EOF) return false;
    if (received != AVERROR(EAGAIN)) {
      check_frame(received);
      ++frames;
      return true;
    }
    const int got = at_end ? AVERROR_EOF : av_read_frame(demuxer.get(), packet.get());
    at_end = got == AVERROR_EOF;
    if (!at_end) check_frame(got);
    if (at_end || packet->stream_index == stream->index)
      check_frame(avcodec_send_packet(decoder.get(), at_end ? nullptr : packet.get()));
    av_packet_unref(packet.get());
  }
}

Image VideoReader::State::picture() {
  const AVFrame& from = *frame;
  require(from.width > 0 && from.height > 0 && from.width <= most_pixels / from.height,
          "{}: frame {} has {}x{} pixels, expected at most {} in all", name(), frames - 1, from.width, from.height,
          most_pixels);
  Image image = filled_image(from.width, from.height);
  scaler.reset(sws_getCachedContext(scaler.release(), from.width, from.height, static_cast<AVPixelFormat>(from.format),
                                    from.width, from.height, AV_PIX_FMT_RGB24, SWS_BICUBIC | SWS_ACCURATE_RND, nullptr,
                                    nullptr, nullptr));
  require(scaler != nullptr, "{}: frame {}: pixels of a kind that cannot be converted", name(), frames - 1);
  const int* matrix = sws_getCoefficients(from.colorspace == AVCOL_SPC_BT709 ? SWS_CS_ITU709 : SWS_CS_DEFAULT);
  const int full = from.color_range == AVCOL_RANGE_JPEG;
  sws_setColorspaceDetails(scaler.get(), matrix, full, matrix, 1, 0, 1 << 16, 1 << 16);
  uint8_t* const to[] = {image.pixels.data()};
  const int stride[] = {3 * from.width};
  sws_scale(scaler.get(), from.data, from.linesize, 0, from.height, to, stride);
  return oriented(image, orientation);
}

VideoReader::VideoReader(const std::filesystem::path& path, int64_t max_pixels)
    : state_(std::make_unique<State>(path, max_pixels)) {
  static std::once_flag silenced;
  std::call_once(silenced, [] { av_log_set_level(AV_LOG_QUIET); });  // errors come back as codes
  state_->open_container();
  state_->open_decoder();
}

VideoReader::~VideoReader() = default;

double VideoReader::fps() const {
  const double rate = av_q2d(state_->stream->avg_frame_rate);
  return std::isfinite(rate) && rate > 0 ? std::clamp(rate, 1.0, 240.0) : 25;
}

std::optional<Image> VideoReader::next() {
  if (!state_->decode()) return {};
  return state_->picture();
}

}  // namespace lifted::formats
